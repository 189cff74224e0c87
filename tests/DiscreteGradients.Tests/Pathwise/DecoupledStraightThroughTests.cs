using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Pathwise;

/// <summary>What an estimator with a law of its own must do; the rest is in the conformance suite.</summary>
public class DecoupledStraightThroughTests
{
    private static readonly DecoupledStraightThrough Hot = new(ForwardTemperature: 3, Temperature: 0.5);

    public static TheoryData<string, DecoupledStraightThrough> Cases { get; } =
        [.. from estimator in new[] { Hot, new(ForwardTemperature: 0.4, Temperature: 0.4) }
            from check in Conformance.Checks(estimator)
            select (check, estimator)];

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void It_conforms_at_temperatures_apart_and_equal(string check, DecoupledStraightThrough estimator) => Conformance.Run(check, estimator);

    [Fact]
    public void Samples_come_from_the_forward_temperature()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([4]) * 2;
        var p = (logits / 3).softmax(-1);
        const int draws = 100_000;

        var frequency = Hot.Sample(logits.expand(draws, 4), generator: Conformance.Seeded()).mean([0]);

        var standardError = (p * (1 - p) / draws).sqrt();
        Assert.True(((frequency - p) / standardError).abs().max().item<double>() < 5);
        Assert.True(((frequency - logits.softmax(-1)) / standardError).abs().max().item<double>() > 50);
    }

    [Fact]
    public void The_exact_gradient_under_its_law_is_that_of_logits_over_the_temperature()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([2, 3]);
        var f = Conformance.Polynomial(3, 6);

        var own = Conformance.Estimate(new ExactEnumeration().Under(Hot.Law()), logits, null, f);
        var tempered = Conformance.Estimate(new ExactEnumeration(), logits / 3, null, f);

        Assert.Equal(tempered.Select(g => g / 3), own, (a, b) => Math.Abs(a - b) < 1e-14);
    }

    [Fact]
    public void At_equal_temperatures_of_one_it_is_straight_through()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 2, 3]);

        Assert.Equal(
            Conformance.Estimate(new StraightThrough { Form = Form.Readable }, logits, Conformance.Seeded()),
            Conformance.Estimate(new DecoupledStraightThrough(), logits, Conformance.Seeded()));
    }
}
