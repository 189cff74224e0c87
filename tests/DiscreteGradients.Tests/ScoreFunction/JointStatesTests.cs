using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.ScoreFunction.ChosenStates;
using static DiscreteGradients.Tests.ScoreFunction.OutcomeTable;

namespace DiscreteGradients.Tests.ScoreFunction;

/// <summary>Joint states, and what the estimators that choose them share.</summary>
public class JointStatesTests
{
    public static TheoryData<string> Names { get; } = ["unordered-set", "sum-and-sample"];

    [Theory]
    [MemberData(nameof(Names))]
    public void With_no_more_states_than_samples_every_estimate_is_exact(string name)
    {
        using var scope = NewDisposeScope();
        var estimator = Estimators.Get(name).Create(new Dictionary<string, object> { ["samples"] = 8 });
        var small = Conformance.Logits([2, 2]);                       // 4 states
        var masked = Conformance.Logits([2, 4]);                      // 2 · 4 = 8 of 16 states
        masked[0, TensorIndex.Slice(2)] = double.NegativeInfinity;
        var few = masked.clone();                                     // 2 · 1 of 16 states
        few[1, TensorIndex.Slice(1)] = double.NegativeInfinity;
        foreach (var logits in new[] { small, masked, few })
        {
            var gradients = tensor(Conformance.Estimate(estimator, logits.expand(50, 2, -1).clone(), Conformance.Seeded(), F(logits))).view(50, -1);
            var values = estimator.Estimate(logits.expand(50, 2, -1), F(logits), Conformance.Seeded());

            Assert.InRange((gradients - tensor(Exact(logits, F(logits)))).abs().max().item<double>(), 0, 1e-13);
            Assert.InRange((values - new ExactEnumeration().Estimate(logits, F(logits))).abs().max().item<double>(), 0, 1e-13);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_state_that_holds_nearly_all_probability_neither_stalls_nor_spoils_the_estimate(string name)
    {
        // The rest is e^-80 and e^-81 of the whole, far below what 1 − p can resolve; it is sampled in its own proportion all the same.
        using var scope = NewDisposeScope();
        var logits = tensor(new[,] { { 0, -80.0, -81 } });
        var estimator = Estimators.Get(name).Create(new Dictionary<string, object> { ["samples"] = 2 });

        var table = Of(estimator, logits, F(logits), Draws, drawn => Key(drawn[^1]));

        Assert.Equal(["1", "2"], table.Keys.Order());
        var share = 1 / (1 + Math.Exp(-1));
        ShouldBeAsFrequent(table, new() { ["1"] = share, ["2"] = 1 - share }, Draws);
        Assert.All(table.Values, outcome => Assert.InRange(Distance(Exact(logits, F(logits)), outcome.Gradient), 0, 1e-15));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Two_hundred_latents_in_single_precision_give_different_states_and_finite_gradients(string name)
    {
        using var scope = NewDisposeScope();
        foreach (var scale in new[] { 0.0, 1, 30 })
        {
            var logits = (Conformance.Logits([5, 200, 4], ScalarType.Float32) * scale).requires_grad_(true);
            var distinct = true;
            var value = Estimators.Get(name).Default.Estimate(logits, z =>
            {
                var same = (z.unsqueeze(0) == z.unsqueeze(1)).flatten(-2).all(-1);
                distinct &= same.sum().item<long>() == z.shape[0] * z.shape[1];
                return z[TensorIndex.Ellipsis, 0].sum(-1);
            }, Conformance.Seeded());
            value.sum().backward();

            Assert.True(distinct);
            Assert.True(logits.grad!.isfinite().all().item<bool>());
            Assert.True(logits.grad.abs().sum().item<float>() > 0);
            Assert.True(value.isfinite().all().item<bool>());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_most_probable_states_are_found_in_order_and_what_remains_is_known(bool masked)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([6, 3, 4]);
        if (masked)
            logits[.., 1, TensorIndex.Slice(1, 3)] = double.NegativeInfinity;   // 32 of 64 states are left
        var all = Distribution.LogProbability(logits, OneHot.States(3, 4, ScalarType.Float64).unsqueeze(1).expand(64, 6, 3, 4)).sum(-1).sort(0, descending: true).Values;
        var states = new JointStates(Categorical.LogProbabilities(logits));

        for (var n = 0; n < 64; n++)
        {
            Assert.InRange((all[n..].exp().sum([0]) - states.LogRemaining.exp()).abs().max().item<double>(), 0, 1e-13);
            states.FindMostProbable();
        }

        var possible = all > double.NegativeInfinity;
        Assert.True((possible == (states.LogProbability > double.NegativeInfinity)).all().item<bool>());
        Assert.InRange((all - states.LogProbability)[possible].abs().max().item<double>(), 0, 1e-13);
        var found = Distribution.LogProbability(logits, OneHot.FromIndex(states.Index, 4, ScalarType.Float64)).sum(-1);
        Assert.InRange((all - found)[possible].abs().max().item<double>(), 0, 1e-13);
    }

    [Theory]
    [InlineData(1, 9)]
    [InlineData(2, 5)]
    [InlineData(3, 3)]
    [InlineData(5, 2)]
    public void States_are_drawn_without_replacement(int latents, int categories)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(latents, categories, masked: false);
        var p = StateProbabilities(logits);
        const int draws = 50_000;
        var states = new JointStates(Categorical.LogProbabilities(logits).expand(draws, latents, categories));

        var noise = Noise.Draw(Conformance.Seeded());
        for (var n = 0; n < 3; n++, noise = noise.Other())
            states.Draw(noise);

        var state = zeros(3, draws, ScalarType.Int64);
        for (var l = 0; l < latents; l++)
            state = (state * categories) + states.Index.select(-1, l);
        Assert.InRange((tensor(p)[state].log() - states.LogProbability).abs().max().item<double>(), 0, 1e-13);
        var frequency = ((((state[0] * p.Length) + state[1]) * p.Length) + state[2]).bincount(null, p.Length * p.Length * p.Length).data<long>().ToArray();
        for (var triple = 0; triple < frequency.Length; triple++)
        {
            var (pair, third) = Math.DivRem(triple, p.Length);
            var (first, second) = Math.DivRem(pair, p.Length);
            var expected = first == second || second == third || first == third
                ? 0
                : p[first] * p[second] / (1 - p[first]) * p[third] / (1 - p[first] - p[second]);
            Assert.InRange(Math.Abs(frequency[triple] - (expected * draws)) / Math.Sqrt((expected * (1 - expected) * draws) + 1), 0, 5);
        }
    }

    [Fact]
    public void The_number_of_evaluations_is_at_most_the_number_of_states()
    {
        Assert.Equal((4, 8, 2), (new UnorderedSet(4).Evaluations(2, 3), new UnorderedSet(8).Evaluations(3, 2), new SumAndSample(4).Evaluations(1, 2)));
    }
}
