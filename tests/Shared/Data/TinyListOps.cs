using DiscreteGradients.Experiments;

namespace DiscreteGradients.Testing;

/// <summary>Files of a few short sentences, made by the rule.</summary>
internal static class TinyListOps
{
    /// <summary>Writes files for training, validation and testing; returns the options that name them.</summary>
    internal static ListOpsOptions Write(TemporaryFolder folder)
    {
        var lines = ListOpsRule.Make(400).Select(ListOpsFile.Line).Where(line => line.Length is > 3 and < 100).ToList();
        File.WriteAllLines(folder["train.tsv"], lines[..60]);
        File.WriteAllLines(folder["valid.tsv"], lines[60..80]);
        File.WriteAllLines(folder["test.tsv"], lines[80..120]);
        return new ListOpsOptions
        {
            Train = folder["train.tsv"],
            Valid = folder["valid.tsv"],
            Test = folder["test.tsv"],
            Hidden = 6,
            Batch = 15,
            Epochs = 4,
            Dropout = 0.1,
        };
    }

    /// <summary>The same as a command line, without a folder for the results.</summary>
    internal static string[] Command(TemporaryFolder folder)
    {
        var options = Write(folder);
        return
        [
            "run", "listops", "--train", options.Train, "--valid", options.Valid!, "--test", options.Test!,
            "--hidden", "6", "--batch", "15", "--dropout", "0.1", "--threads", "1",
        ];
    }
}
