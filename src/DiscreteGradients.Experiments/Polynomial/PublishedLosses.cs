namespace DiscreteGradients.Experiments;

/// <summary>
/// Last-epoch losses of polynomial programming by the official ReinMax examples (LiyuanLucasLiu/ReinMax, commit 2367056), seed 0, with
/// their default settings, which are those of <see cref="PolynomialOptions"/>.
/// </summary>
public static class PublishedLosses
{
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

    /// <summary>The train loss of the last epoch, or null if the settings are not those of the official run.</summary>
    public static double? Find(object options, string name, GradientEstimator estimator) =>
        options is PolynomialOptions o
        && o == new PolynomialOptions { P = o.P }
        && estimator == Estimators.Get(name).Default
        && Losses.TryGetValue((name, o.P), out var loss)
            ? loss
            : null;
}
