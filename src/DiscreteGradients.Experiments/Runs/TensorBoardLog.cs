namespace DiscreteGradients.Experiments;

/// <summary>The metrics and pictures of a run for TensorBoard: one folder for each method and seed, below <c>tensorboard/</c>.</summary>
/// <remarks>A run that goes on begins new files, in which its first epoch voids what the old ones hold from there on.</remarks>
internal sealed class TensorBoardLog(OutputFolder folder)
{
    private readonly Dictionary<(string Method, long Seed), TensorBoardFile> _files = [];

    /// <summary>Writes again what was lost: the numbers of a method and seed without any file.</summary>
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
    internal void Write(MetricsLine line, IEnumerable<TensorBoardImage> pictures)
    {
        lock (_files)
        {
            folder.Write(() =>
            {
                if (!_files.TryGetValue((line.Method, line.Seed), out var file))
                    _files.Add((line.Method, line.Seed), file = TensorBoardFile.Begin(folder[Name(line)], line.Epoch));
                var numbers = line.Numbers.Select(number => (number.Key, number.Value)).Append(("seconds", line.Seconds));
                file.Append(line.Epoch, numbers, pictures);
            });
        }
    }

    private static string Name(MetricsLine line) => $"tensorboard/{line.Method}-seed{line.Seed}";
}
