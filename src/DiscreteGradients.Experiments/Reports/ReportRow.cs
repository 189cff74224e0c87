using System.Text.Json.Serialization;

namespace DiscreteGradients.Experiments;

/// <summary>One metric of one series, for machines; early versions had losses only, and the column is still called so.</summary>
/// <param name="Epoch">The furthest epoch; the run is unfinished below <paramref name="Epochs"/>.</param>
internal sealed record ReportRow(
    string Experiment, string Task, string Estimator, string Settings, int Epoch, int Epochs, string Loss, int Seeds,
    double Mean, double? Std,
    IReadOnlyList<ReportRow.Comparison> Published)
{
    private const string CsvHeader =
        "experiment,task,estimator,settings,epoch,epochs,loss,seeds,mean,std,source,published_seeds,published_mean,published_std,verdict\n";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>A published number beside ours.</summary>
    internal sealed record Comparison(string Source, int Seeds, double Mean, double? Std, Verdict? Verdict);

    internal static IEnumerable<ReportRow> Of(RunSection section) =>
        from series in section.Series
        from metric in section.Metrics.Results()
        let ours = series.Last(metric)
        where ours is not null
        select new ReportRow(
            series.Experiment, string.Join(", ", series.Task), series.Method.Name, string.Join(", ", series.Tuning),
            series.Epoch, series.Epochs,
            metric.Key, ours.Value.N, ours.Value.Mean, Known(ours.Value),
            [
                .. from source in section.Sources
                   let theirs = series.Theirs(metric, source)?.Value
                   where theirs is not null
                   let verdict = series.VerdictOf(metric, source)
                   select new Comparison(source.Name, theirs.Value.N, theirs.Value.Mean, Known(theirs.Value), verdict),
            ]);

    internal string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>A line for each published number, or one alone.</summary>
    internal static string ToCsv(IEnumerable<ReportRow> rows) => string.Concat(rows.SelectMany(row => row.CsvLines()).Prepend(CsvHeader));

    private IEnumerable<string> CsvLines() => Published.Cast<Comparison?>().DefaultIfEmpty(null).Select(p => string.Join(',', ((object?[])
    [
        Experiment, Task, Estimator, Settings, Epoch, Epochs, Loss, Seeds, Mean, Std, p?.Source, p?.Seeds, p?.Mean, p?.Std,
        p?.Verdict?.ToString().ToLowerInvariant(),
    ]).Select(Cell)) + "\n");

    private static string Cell(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) is not { } text ? ""
        : text.AsSpan().IndexOfAny(",\"") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    private static double? Known(Spread spread) => spread.N > 1 ? spread.Std : null;
}
