using DiscreteGradients.Diagnostics;
using DiscreteGradients.Testing;

namespace DiscreteGradients.PublicApi.Tests;

/// <summary>The estimator of a user: half straight-through, half linearised REINFORCE, which is ReinMax in another form (ZGR).</summary>
public sealed record ZeroTemperatureGumbelRao : PathwiseEstimator
{
    public override int Order => 2;

    protected override Tensor Soften(Tensor logProbabilities, Tensor hard, Noise noise)
    {
        var p = logProbabilities.exp();
        var logSampled = (logProbabilities * hard).sum([-1], keepdim: true);
        return (p + ((hard - p.detach()) * logSampled)) / 2;
    }
}

/// <summary>A score-function estimator of a user: the better of two baselines is none of ours.</summary>
public sealed record HalfBaseline : ScoreFunctionEstimator
{
    public override int Order => Unbiased;

    public override long Evaluations(long latents, long categories) => 1;

    protected override Points Draw(Tensor logits, Noise noise) => new(OneHot.Sample(logits, samples: 1, noise));

    protected override Tensor Gradient(Tensor logits, Points points, Tensor values) =>
        ((values - 0.5).unsqueeze(-1).unsqueeze(-1) * (points.Z - logits.softmax(-1))).mean([0]);
}

public class OutsideEstimatorTests
{
    public static TheoryData<string, GradientEstimator> Cases { get; } =
        [.. from estimator in new GradientEstimator[] { new ZeroTemperatureGumbelRao(), new HalfBaseline() }
            from check in Conformance.Checks(estimator)
            select (check, estimator)];

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void An_estimator_written_outside_conforms(string check, GradientEstimator estimator) => Conformance.Run(check, estimator);

    [Fact]
    public void Its_author_has_the_library_check_it()
    {
        Assert.Empty(EstimatorChecks.Findings(new ZeroTemperatureGumbelRao()));
        Assert.Empty(EstimatorChecks.Findings(new HalfBaseline()));
    }
}
