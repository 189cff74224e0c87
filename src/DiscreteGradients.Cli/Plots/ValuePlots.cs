using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli.Plots;

/// <summary>Numbers that a run has for several estimators at once, NAME/ESTIMATOR in the metrics: a line each over the epochs.</summary>
internal static class ValuePlots
{
    /// <summary>Writes <c>plots/NAME</c>, or <c>plots/NAME-TRAINED</c> if models of several estimators were measured, as PNG and SVG.</summary>
    internal static void Write(OutputFolder folder, RunRecord record, IReadOnlyList<MetricsLine> lines)
    {
        var points = (
            from line in lines
            from value in line.Values ?? new Dictionary<string, double>()
            let parts = value.Key.Split('/')
            where parts.Length == 2 && Estimators.All.Any(entry => entry.Name == parts[1])
            select (Trained: line.Estimator, Name: parts[0], Point: new CurvePoint(parts[1], line.Seed, line.Epoch, value.Value))).ToList();
        var several = points.Select(p => p.Trained).Distinct().Count() > 1;
        foreach (var plot in points.GroupBy(p => (p.Name, p.Trained)))
        {
            var label = plot.Key.Name.Replace('_', ' ');
            LossPlots.Write(
                folder, $"{record.Experiment} trained with {plot.Key.Trained}: {label} of the gradient", label,
                (plot.Key.Name + (several ? "-" + plot.Key.Trained : "")).Replace('_', '-'), null, [.. plot.Select(p => p.Point)]);
        }
    }
}
