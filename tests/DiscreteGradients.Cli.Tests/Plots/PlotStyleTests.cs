using DiscreteGradients.Cli.Plots;

namespace DiscreteGradients.Cli.Tests.Plots;

public sealed class PlotStyleTests
{
    public static TheoryData<string> Experiments => new(ExperimentCatalog.All.Select(entry => entry.Name));

    [Theory]
    [MemberData(nameof(Experiments))]
    public void What_is_no_estimator_looks_like_nothing_else_in_its_experiment(string experiment)
    {
        var methods = ExperimentCatalog.Find(experiment)!.Methods;
        var looks = methods.Select(method => (method.Name, Look: PlotStyle.LookOf(method.Name))).ToList();

        Assert.All(methods.Where(method => Estimators.All.All(e => e.Name != method.Name)), method =>
        {
            var own = PlotStyle.LookOf(method.Name);
            Assert.Equal(method.IsReference, (own.Color.R, own.Color.G) == (own.Color.G, own.Color.B) && own.Color.R > 0);
            Assert.All(looks.Where(other => other.Name != method.Name), other => Assert.True(
                (own.Color, own.Pattern.Name) != (other.Look.Color, other.Look.Pattern.Name), $"{method.Name} looks like {other.Name}"));
        });
    }

    [Theory]
    [InlineData("reinmax", "#D55E00", "Solid")]
    [InlineData("st", "#0072B2", "Dotted")]
    [InlineData("gumbel-rao", "#009E73", "Solid")]
    [InlineData("2", "#D55E00", "Solid")]
    [InlineData("of-another-version", "#A0A0A0", "Dotted")]
    public void Estimators_and_numbered_parts_look_as_in_the_figures_of_the_documentation(string name, string color, string pattern)
    {
        var look = PlotStyle.LookOf(name);

        Assert.Equal((color, pattern), (look.Color.ToHex(), look.Pattern.Name));
    }

    [Theory]
    [InlineData("0-1,0-2,1-2", "1,2,3")]  // edges of a cell
    [InlineData("st,of-another-version", "st,of-another-version")]
    [InlineData("2,4", "2,4")]
    [InlineData("gdas,untrained", "gdas,untrained")]
    public void Parts_without_a_look_of_their_own_go_by_their_places(string names, string looks) =>
        Assert.Equal(looks.Split(','), PlotStyle.LooksOf(names.Split(',')));
}
