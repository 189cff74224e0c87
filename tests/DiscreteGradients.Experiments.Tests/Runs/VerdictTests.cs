namespace DiscreteGradients.Experiments.Tests.Runs;

public class VerdictTests
{
    /// <summary>Deviations 3 and 4 combine to 5, so the bound is 10.</summary>
    [Theory]
    [InlineData(110, Verdict.Within)]
    [InlineData(90, Verdict.Within)]
    [InlineData(110.001, Verdict.Above)]
    [InlineData(89.999, Verdict.Below)]
    [InlineData(double.NaN, Verdict.Above)]
    public void Two_combined_deviations_are_the_bound(double ours, Verdict expected) =>
        Assert.Equal(expected, Verdicts.Of(new Spread(ours, 3, 5), new Spread(100, 4, 10)));

    [Fact]
    public void One_seed_of_ours_borrows_their_deviation_and_one_of_theirs_is_no_measure()
    {
        var one = new Spread(2.8, double.NaN, 1);
        var many = new Spread(0, 1, 10);

        Assert.Equal(Verdict.Within, Verdicts.Of(one, many));
        Assert.Equal(Verdict.Above, Verdicts.Of(one with { Mean = 2.83 }, many));
        Assert.Equal(Verdict.Below, Verdicts.Of(one with { Mean = -2.83 }, many));
        Assert.Null(Verdicts.Of(many, one));
    }
}
