namespace DiscreteGradients.Experiments;

/// <summary>What is compared in mixtures of experts: the routers of the library, and experts drawn with Gumbel-Rao's gradient.</summary>
internal static class MoeMethods
{
    private static readonly EstimatorEntry GumbelRao = Estimators.Get("gumbel-rao");

    internal static IReadOnlyList<MethodEntry> All { get; } =
    [
        .. Routers.All.Select(entry => new MethodEntry(entry.Name, entry.Summary, entry.Settings, entry.Create)),
        new(
            GumbelRao.Name, "a drawn expert, Gumbel-Rao with the outputs of all", GumbelRao.Settings,
            settings => new SampledRouter((PathwiseEstimator)GumbelRao.Create(settings))),
    ];

    /// <summary>Null if a router fits the options, else one sentence.</summary>
    internal static string? WhyNot(Method method, MoeOptions options)
    {
        var router = (Router)method.Made;
        if (router.ExpertsNeeded > options.Experts)
            return $"it needs at least {router.ExpertsNeeded} experts; got --experts {options.Experts}.";
        if (options.QualityEvery > 0 && RouterGradients.WhyNot(router, options.Experts) is { } many)
            return many;
        return options.BiasRate > 0 && !router.TakesBias
            ? "--bias-rate balances routers that choose by the order of scores; it is none. Leave --bias-rate out, or use --balance."
            : null;
    }

    /// <summary>Whether it is the router of makeMoE.</summary>
    internal static bool IsNoisyTopTwo(MethodRecord method) =>
        method.Name == "noisy-top-k" && method.Settings?.GetValueOrDefault("picks") is { ValueKind: JsonValueKind.Number } picks
        && picks.GetDouble() == 2;
}
