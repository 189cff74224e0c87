namespace DiscreteGradients.Experiments;

/// <summary>Every series of one task: what may stand in one table and one plot.</summary>
/// <param name="Title">The experiment, and the settings in which its tasks differ.</param>
/// <param name="FileName">Begins the names of its files.</param>
internal sealed record RunSection(string Title, string FileName, IReadOnlyList<RunSeries> Series)
{
    /// <summary>The settings that all series share.</summary>
    public IReadOnlyList<Setting> Task => Series[0].Task;

    /// <summary>What is measured in any of the series, each once.</summary>
    public IReadOnlyList<Metric> Metrics => [.. Series.SelectMany(s => s.Metrics).DistinctBy(metric => metric.Title)];

    /// <summary>Where published numbers come from, in the order of the columns.</summary>
    public IReadOnlyList<PublishedSource> Sources => [.. Series.SelectMany(s => s.Published).Select(p => p.Source).Distinct()];

    /// <summary>The method, and what tells it from the section's other series of that method.</summary>
    public string Label(RunSeries series)
    {
        var alike = Series.Where(s => s.Method.Name == series.Method.Name).ToList();
        return string.Join(", ", series.Tuning.Where(t => alike.Exists(s => !s.Tuning.Contains(t)))
            .Select(t => t.ToString())
            .Prepend(series.Method.Name));
    }

    /// <summary>One section for each task.</summary>
    public static IReadOnlyList<RunSection> Of(IReadOnlyList<RunSeries> series) =>
    [
        .. series.GroupBy(s => s.Experiment).SelectMany(experiment =>
        {
            var tasks = experiment.GroupBy(s => $"{s.Epochs}, {string.Join(", ", s.Task)}").Select(task => task.ToList()).ToList();
            return tasks.Select((task, i) =>
            {
                var own = task[0].Task.Where(setting => tasks.Exists(other => !other[0].Task.Contains(setting)));
                return new RunSection(
                    string.Join(", ", own.Select(setting => setting.ToString()).Prepend(experiment.Key)),
                    tasks.Count == 1 ? experiment.Key : $"{experiment.Key}-{i + 1}",
                    task);
            });
        }),
    ];
}
