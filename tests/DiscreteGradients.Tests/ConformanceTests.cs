using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

public class ConformanceTests
{
    public static MatrixTheoryData<string, string> Cases { get; } = new(Conformance.Checks, Estimators.All.Select(e => e.Name));

    public static MatrixTheoryData<string, string> PathwiseCases { get; } =
        new(Conformance.PathwiseChecks, Estimators.All.Where(e => e.Default is PathwiseEstimator).Select(e => e.Name));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_registered_estimator_conforms(string check, string name)
    {
        var entry = Estimators.Get(name);
        var estimator = entry.Has("noise_draws") ? entry.Create(new Dictionary<string, object> { ["noise_draws"] = 5 }) : entry.Default;
        using var learnt = estimator as IDisposable;
        Conformance.Run(check, estimator);
    }

    [Theory]
    [MemberData(nameof(PathwiseCases))]
    public void Every_registered_pathwise_estimator_conforms(string check, string name) =>
        Conformance.Run(check, (PathwiseEstimator)Estimators.Get(name).Default);

    [Fact]
    public void Every_sealed_estimator_of_the_assembly_has_a_row()
    {
        var types = typeof(GradientEstimator).Assembly.GetTypes().Where(t => t.IsSealed && t.IsSubclassOf(typeof(GradientEstimator)));
        Assert.Equal(
            types.Select(t => t.Name).Order(),
            Estimators.All.Select(e => e.Default.GetType().Name).Distinct().Order());
    }
}
