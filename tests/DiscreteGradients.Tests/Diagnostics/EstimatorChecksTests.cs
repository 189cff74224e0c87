using DiscreteGradients.Diagnostics;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

/// <summary>Estimators with one thing wrong, and the sentence that says so. What is right is in the conformance suite.</summary>
public class EstimatorChecksTests
{
    /// <summary>Straight-through with a mistake.</summary>
    private sealed record Wrong(int Degree, Func<Tensor, Tensor, Noise, Tensor> Soft) : PathwiseEstimator
    {
        public override int Order => Degree;

        protected override Tensor Soften(Tensor logProbabilities, Tensor hard, Noise noise) => Soft(logProbabilities, hard, noise);
    }

    /// <summary>REINFORCE with a mistake in its gradient, its points, or on the way.</summary>
    private sealed record WrongScore(Func<Tensor, Tensor> Gradients, Func<Tensor, Tensor> Samples, Action? Aside = null) : ScoreFunctionEstimator
    {
        public override int Order => Unbiased;

        public override long Evaluations(long latents, long categories) => 1;

        protected override Points Draw(Tensor logits, Noise noise) => new(Samples(OneHot.Sample(logits, samples: 1, noise)));

        protected override Tensor Gradient(Tensor logits, Points points, Tensor values)
        {
            Aside?.Invoke();
            return Gradients(values.unsqueeze(-1).unsqueeze(-1) * (points.Z - logits.softmax(-1))).mean([0]);
        }
    }

    private static readonly string[] DTypes = ["Float16", "BFloat16", "Float32", "Float64"];

    private static readonly List<Tensor> Kept = [];

    public static TheoryData<string, GradientEstimator, string[]> Mistakes { get; } = new()
    {
        {
            "the gradient is exact up to the declared order",
            new Wrong(2, (log, _, _) => log.exp()),
            ["for a polynomial of degree 2 the bias is"]
        },
        {
            "the gradient is biased beyond the declared order",
            new Wrong(0, (log, _, _) => log.exp()),
            ["for a polynomial of degree 1 the bias is"]
        },
        {
            "a row of the gradient sums to zero and a shift of its logits changes nothing",
            new WrongScore(g => g + 1, z => z),
            ["a row of the gradient sums to"]
        },
        {
            "the gradient has no bias",
            new WrongScore(g => g * 1.5, z => z),
            ["for logits [2, 1, 5] the bias is", "for logits [2, 2, 3] the bias is", "for logits [2, 3, 2] the bias is"]
        },
        {
            "a constant f has no expected gradient",
            new WrongScore(g => g.abs(), z => z),
            ["its mean is"]
        },
        {
            "f gets one-hot samples",
            new WrongScore(g => g, z => z * 0.9),
            [.. DTypes.Select(dtype => $"for logits of {dtype} f gets a sample that is not one-hot in their dtype.")]
        },
        {
            "the value estimates the expectation",
            new WrongScore(g => g, z => z.roll(1, -1)),
            ["the mean of the values is"]
        },
        {
            "parameters inside f have their ordinary gradient",
            new WrongScore(g => g, z => z.roll(1, -1)),
            ["it is"]
        },
        {
            "the generator decides alone",
            new WrongScore(g => g * rand(1, ScalarType.Float64), z => z),
            ["two calls with the same state of the generator give different results.", "a call with a generator of its own changes the global one."]
        },
        {
            "masked categories have no gradient",
            new WrongScore(g => g + 1, z => z),
            [.. DTypes.Select(dtype => $"with masked logits of {dtype} the one category that is left has a gradient.")]
        },
        {
            "values and gradients have the shape and the dtype of the logits",
            new WrongScore(g => g / 0, z => z),
            [.. from dtype in DTypes
                from shape in new[] { "[2, 3]", "[5, 2, 3]", "[2, 2, 2, 3]", "[4, 1, 1]" }
                select $"logits {shape} of {dtype} give a gradient that is not finite."]
        },
        {
            "no call leaks a tensor",
            new WrongScore(g => g, z => z, () => Kept.Add(zeros(1).DetachFromDisposeScope())),
            ["50 calls leave 50 tensors behind."]
        },
    };

    [Theory]
    [MemberData(nameof(Mistakes), DisableDiscoveryEnumeration = true)]
    public void A_mistake_is_found_and_said_in_a_sentence(string check, GradientEstimator estimator, string[] beginnings)
    {
        var findings = EstimatorChecks.Findings(estimator, check);

        Assert.Equal(beginnings.Length, findings.Count);
        Assert.All(beginnings.Zip(findings), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
        Assert.All(findings, finding => Assert.EndsWith(".", finding, StringComparison.Ordinal));
        Kept.ForEach(tensor => tensor.Dispose());
        Kept.Clear();
    }

    [Fact]
    public void Every_check_finds_a_mistake() => Assert.Equal(
        new GradientEstimator[] { new StraightThrough(), new Reinforce() }.SelectMany(EstimatorChecks.Names).Distinct().Order(),
        Mistakes.Select(row => row.Data.Item1).Order());

    [Fact]
    public void All_findings_stand_behind_their_checks()
    {
        var findings = EstimatorChecks.Findings(new Wrong(0, (log, _, _) => log.exp()));

        Assert.StartsWith(
            "the gradient is biased beyond the declared order: for a polynomial of degree 1 the bias is ", Assert.Single(findings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_that_does_not_apply_is_refused_in_words()
    {
        Conformance.Refused(
            "check must be one of those that apply to the estimator; got 'the gradient has no bias'. Names lists them.",
            () => EstimatorChecks.Findings(new StraightThrough(), "the gradient has no bias"));
        Conformance.Refused("estimator must be given; got null.", () => EstimatorChecks.Names(null!));
    }
}
