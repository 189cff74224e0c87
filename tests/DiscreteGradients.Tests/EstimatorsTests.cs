using System.Text.Json;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

public class EstimatorsTests
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
            $"Unknown estimator 'vimco'. Choose from: {string.Join(", ", Estimators.All.Select(e => e.Name))}.",
            () => Estimators.Get("vimco"));
        Conformance.Refused("Unknown estimator 'ReinMax'. Did you mean 'reinmax' or 'reinmax-uniform'?", () => Estimators.Get("ReinMax"));
    }

    [Fact]
    public void A_setting_the_estimator_does_not_have_is_refused()
    {
        Conformance.Refused("'exact' has no setting 'temperature'; it has none.", () => Create("exact", ("temperature", 1.0)));
        Conformance.Refused("'st' has no setting 'noise_draws'; it has temperature.", () => Create("st", ("noise_draws", 3)));
        Conformance.Refused("'gumbel-rao' has no setting 'samples'; it has noise_draws, temperature.", () => Create("gumbel-rao", ("samples", 3)));
    }

    [Fact]
    public void A_value_of_another_type_is_refused()
    {
        Conformance.Refused("temperature must be a number; got 'warm'.", () => Create("reinmax", ("temperature", "warm")));
        Conformance.Refused("temperature must be a number; got True.", () => Create("reinmax", ("temperature", true)));
        Conformance.Refused("samples must be a whole number; got 2.5.", () => Create("rloo", ("samples", 2.5)));
        Conformance.Refused("samples must be a whole number; got 1E+20.", () => Create("rloo", ("samples", 1e20)));
        Conformance.Refused("samples must be a whole number; got '[2]'.", () => Create("rloo", ("samples", Json("[2]"))));
    }

    [Fact]
    public void Every_setting_says_what_it_is_and_has_its_default()
    {
        foreach (var entry in Estimators.All)
        {
            Assert.Equal(entry.Settings.Count, entry.Settings.Select(s => s.Name).Distinct().Count());
            Assert.All(entry.Settings, s => Assert.Matches("^[a-z][a-z_]*$", s.Name));
            Assert.All(entry.Settings, s => Assert.True(s.Range.Length > 0 && s.Summary.Length > 0 && !s.Summary.EndsWith('.')));
            Assert.Equal(entry.Default, entry.Create(entry.Settings.ToDictionary(s => s.Name, s => s.Default)));
        }
    }

    [Fact]
    public void Settings_reach_the_estimator()
    {
        var expected = new GumbelRao(Draws: 7, Temperature: 0.5);
        Assert.Equal(expected, Create("gumbel-rao", ("temperature", 0.5), ("noise_draws", 7)));
        Assert.Equal(expected, Create("gumbel-rao", ("temperature", "0.5"), ("noise_draws", "7")));
        Assert.Equal(expected, Create("gumbel-rao", ("temperature", Json("0.5")), ("noise_draws", Json("7"))));
        Assert.Equal(new Rloo(4), Create("rloo", ("samples", 4L)));
    }

    [Fact]
    public void Temperatures_beyond_the_supported_range_are_refused_by_every_estimator_that_has_one()
    {
        foreach (var entry in Estimators.All.Where(e => e.Has("temperature")))
        {
            Conformance.Refused("temperature must be from 1e-30 to 1e30; got 9E-31.", () => Create(entry.Name, ("temperature", 9e-31)));
            Conformance.Refused("temperature must be from 1e-30 to 1e30; got 5E-324.", () => Create(entry.Name, ("temperature", double.Epsilon)));
            Conformance.Refused("temperature must be from 1e-30 to 1e30; got 1.1E+30.", () => Create(entry.Name, ("temperature", 1.1e30)));
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

    private static GradientEstimator Create(string name, params (string Name, object Value)[] settings) =>
        Estimators.Get(name).Create(settings.ToDictionary(s => s.Name, s => s.Value));

    private static JsonElement Json(string text) => JsonElement.Parse(text);
}
