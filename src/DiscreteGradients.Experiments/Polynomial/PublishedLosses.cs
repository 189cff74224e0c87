namespace DiscreteGradients.Experiments;

/// <summary>
/// Last-epoch losses of polynomial programming by the official ReinMax examples (LiyuanLucasLiu/ReinMax, commit 2367056), seed 0, with
/// their default settings, which are those of <see cref="PolynomialOptions"/>.
/// </summary>
internal static class PublishedLosses
{
    private static readonly PublishedSource OfficialCode = new("official code", "its train loss with these settings, seed 0");

    private static readonly Dictionary<(string Estimator, double P), double> Losses = new()
    {
        [("reinmax", 1.5)] = 0.3054,
        [("reinmax", 2)] = 0.2038,
        [("reinmax", 3)] = 0.0916,
        [("st", 1.5)] = 0.3523,
        [("st", 2)] = 0.2476,
        [("st", 3)] = 0.1213,
        [("st-gumbel", 1.5)] = 0.3514,
        [("st-gumbel", 2)] = 0.2459,
        [("st-gumbel", 3)] = 0.1189,
        [("gst-1.0", 1.5)] = 0.3523,
        [("gst-1.0", 2)] = 0.2476,
        [("gst-1.0", 3)] = 0.1213,
        [("reinforce", 1.5)] = 0.3514,
        [("reinforce", 2)] = 0.2480,
        [("reinforce", 3)] = 0.1237,
    };

    /// <summary>The losses where all settings are those of the official run.</summary>
    public static IReadOnlyList<PublishedResult> Find(PolynomialOptions options, MethodRecord method) =>
        options == new PolynomialOptions { P = options.P }
        && Losses.TryGetValue((method.Name, options.P), out var loss)
        && method.Configuration == Estimators.Get(method.Name).Default.ToString()
            ? [new PublishedResult(OfficialCode, new PublishedNumber(Metrics.TrainLoss, new Spread(loss, double.NaN, 1)))]
            : [];
}
