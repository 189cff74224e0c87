using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli.Plots;

/// <summary>The metrics and pictures of a run for TensorBoard: one folder for each estimator and seed, below <c>tensorboard/</c>.</summary>
/// <remarks>A run that goes on begins new files, in which its first epoch voids what the old ones hold from there on.</remarks>
internal sealed class TensorBoardLog(OutputFolder folder)
{
    private readonly Dictionary<(string Estimator, long Seed), TensorBoardFile> _files = [];

    /// <summary>Writes again what was lost: the numbers of an estimator and seed without any file.</summary>
    internal void Restore(IEnumerable<MetricsLine> lines)
    {
        foreach (var run in lines.GroupBy(Name))
        {
            var path = folder[run.Key];
            if (Directory.Exists(path) && new DirectoryInfo(path).EnumerateFiles().Any(file => file.Length > 0))
                continue;
            foreach (var line in run)
                Write(line, []);
        }
    }

    /// <summary>Adds an epoch; may be called from several threads.</summary>
    internal void Write(MetricsLine line, IReadOnlyList<Picture> pictures)
    {
        lock (_files)
        {
            folder.Write(() =>
            {
                if (!_files.TryGetValue((line.Estimator, line.Seed), out var file))
                    _files.Add((line.Estimator, line.Seed), file = TensorBoardFile.Begin(folder[Name(line)], line.Epoch));
                file.Append(line.Epoch, Scalars(line), pictures.Select(p => new TensorBoardImage(p.Name, p.Width, p.Height, PictureFile.Encode(p))));
            });
        }
    }

    private static string Name(MetricsLine line) => $"tensorboard/{line.Estimator}-seed{line.Seed}";

    /// <summary>The numbers of a line by their names in <c>metrics.jsonl</c>.</summary>
    private static IEnumerable<(string Tag, double Value)> Scalars(MetricsLine line)
    {
        yield return ("train_loss", line.TrainLoss);
        if (line.TestLoss is { } test)
            yield return ("test_loss", test);
        if (line.ExpectedLoss is { } expected)
            yield return ("expected_loss", expected);
        foreach (var (name, value) in line.Values ?? new Dictionary<string, double>())
            yield return (name, value);
        yield return ("seconds", line.Seconds);
    }
}
