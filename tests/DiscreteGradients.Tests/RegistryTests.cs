using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

public class RegistryTests
{
    [Fact]
    public void Names_are_unique_and_are_found()
    {
        Assert.Equal(Estimators.All.Count, Estimators.All.Select(e => e.Name).Distinct().Count());
        Assert.All(Estimators.All, e => Assert.Same(e, Estimators.Get(e.Name)));
    }

    [Fact]
    public void An_unknown_name_is_answered_with_near_matches_or_all_names()
    {
        Conformance.Refused("Unknown estimator 'reinmx'. Did you mean 'reinmax'?", () => Estimators.Get("reinmx"));
        Conformance.Refused("Unknown estimator 'gst'. Did you mean 'st' or 'gst-1.0' or 'gst-p'?", () => Estimators.Get("gst"));
        Conformance.Refused(
            "Unknown estimator 'vimco'. Choose from: exact, reinmax, reinmax-uniform, st, st-gumbel, gumbel-rao, gst-1.0, gst-p, reinforce, rloo, "
            + "disarm, arms, disarm-sb, disarm-iw, carms, unordered-set, sum-and-sample, "
            + "reinforce-baseline, double-cv, rodeo, muprop, rebar, relax.",
            () => Estimators.Get("vimco"));
        Conformance.Refused("Unknown estimator 'ReinMax'. Did you mean 'reinmax' or 'reinmax-uniform'?", () => Estimators.Get("ReinMax"));
    }

    [Fact]
    public void A_setting_the_estimator_does_not_have_is_refused()
    {
        Conformance.Refused("'exact' has no temperature.", () => Estimators.Get("exact").Create(new(Temperature: 1)));
        Conformance.Refused("'st' has no number of draws.", () => Estimators.Get("st").Create(new(Draws: 3)));
        Conformance.Refused("'reinmax' has no number of samples.", () => Estimators.Get("reinmax").Create(new(Samples: 3)));
    }

    [Fact]
    public void Settings_reach_the_estimator()
    {
        Assert.Equal(new GumbelRao(Draws: 7, Temperature: 0.5), Estimators.Get("gumbel-rao").Create(new(Temperature: 0.5, Draws: 7)));
        Assert.Equal(new Rloo(4), Estimators.Get("rloo").Create(new(Samples: 4)));
    }

    [Fact]
    public void Temperatures_beyond_the_supported_range_are_refused_by_every_estimator_that_has_one()
    {
        foreach (var entry in Estimators.All.Where(e => e.Knobs.Contains(nameof(EstimatorSettings.Temperature))))
        {
            Conformance.Refused("temperature must be from 1e-30 to 1e30; got 9E-31.", () => entry.Create(new(Temperature: 9e-31)));
            Conformance.Refused("temperature must be from 1e-30 to 1e30; got 5E-324.", () => entry.Create(new(Temperature: double.Epsilon)));
            Conformance.Refused("temperature must be from 1e-30 to 1e30; got 1.1E+30.", () => entry.Create(new(Temperature: 1.1e30)));
        }
    }

    [Fact]
    public void Settings_out_of_range_are_refused_in_words()
    {
        Conformance.Refused("temperature must be a finite number above 0; got 0.", () => _ = new ReinMax(0));
        Conformance.Refused("temperature must be a finite number above 0; got NaN.", () => _ = new StraightThrough(double.NaN));
        Conformance.Refused("temperature must be a finite number above 0; got -1.", () => _ = new GumbelRao() with { Temperature = -1 });
        Conformance.Refused("draws must be at least 1; got 0.", () => _ = new GumbelRao(0));
        Conformance.Refused("samples must be at least 2; got 1.", () => _ = new Rloo(1));
        Conformance.Refused("samples must be at least 1; got 0.", () => _ = new Reinforce(0));
        Conformance.Refused("samples must be an even number of at least 2; got 3.", () => _ = new Disarm(3));
        Conformance.Refused("samples must be an even number of at least 2; got 0.", () => _ = new DisarmStickBreaking(0));
        Conformance.Refused("samples must be an even number of at least 2; got 5.", () => _ = new DisarmImportanceWeighted() with { Samples = 5 });
        Conformance.Refused("samples must be at least 2; got 1.", () => _ = new Arms(1));
        Conformance.Refused("samples must be at least 2; got 1.", () => _ = new Carms(1));
        Conformance.Refused("samples must be from 2 to 8; got 9.", () => _ = new UnorderedSet(9));
        Conformance.Refused("samples must be at least 2; got 1.", () => _ = new SumAndSample(1));
        Conformance.Refused("gap must be a finite number of at least 0, or null for the probability-dependent gap; got -1.", () => _ = new GappedStraightThrough(-1));
    }

    [Fact]
    public void Binary_estimators_refuse_other_numbers_of_categories_in_words()
    {
        using var scope = NewDisposeScope();
        foreach (var estimator in Estimators.All.Select(e => e.Default).Where(e => e is IBinaryEstimator))
        {
            Conformance.Refused(
                $"{estimator.GetType().Name} needs 2 categories a latent; logits of shape [5, 2, 3] have 3. "
                + "Choose an estimator for any number of categories, such as Rloo.",
                () => estimator.Estimate(zeros(5, 2, 3), z => z.sum([-2, -1])));
        }

        Assert.Contains(Estimators.All, e => e.Default is IBinaryEstimator);
    }

    [Fact]
    public void Logits_nothing_can_be_drawn_from_are_refused_in_words()
    {
        using var scope = NewDisposeScope();
        foreach (var wrong in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
        {
            foreach (var entry in Estimators.All.Where(e => e.Default is not ExactEnumeration))
            {
                var logits = zeros(3, 2, 2);
                logits[1, 0] = wrong;
                var refused = Assert.ThrowsAny<ArgumentException>(() => entry.Default.Estimate(logits, z => z.sum([-2, -1])));
                Assert.StartsWith("logits ", refused.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void The_order_follows_the_temperature()
    {
        Assert.Equal((2, 0), (new ReinMax().Order, new ReinMax(1.3).Order));
        Assert.Equal((1, 0), (new StraightThrough().Order, new StraightThrough(0.9).Order));
    }
}
