using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

public class ConformanceTests
{
    public static TheoryData<string, string> Cases { get; } =
        [.. Estimators.All.SelectMany(entry => Conformance.Checks(entry.Default).Select(check => (entry.Name, check)))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_registered_estimator_conforms(string name, string check)
    {
        var entry = Estimators.Get(name);
        var estimator = entry.Has("noise_draws") ? entry.Create(new Dictionary<string, object> { ["noise_draws"] = 5 }) : entry.Default;
        Conformance.Run(check, estimator);
    }

    [Fact]
    public void Every_sealed_estimator_of_the_assembly_has_a_row()
    {
        var types = typeof(GradientEstimator).Assembly.GetTypes().Where(t => t.IsSealed && t.IsSubclassOf(typeof(GradientEstimator)));
        Assert.Equal(
            types.Select(t => t.Name).Order(),
            Estimators.All.Select(e => e.Default.GetType().Name).Distinct().Order());
    }
}
