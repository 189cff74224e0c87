using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace DiscreteGradients.Experiments.Tests.Runs;

public sealed class RunSummaryTests
{
    [Fact]
    public void A_spread_is_mean_and_sample_deviation()
    {
        Assert.Equal(new Spread(2, 1, 3), Spread.Of([1, 2, 3]));
        Assert.Equal(new Spread(5, double.NaN, 1), Spread.Of([5]));
    }

    [Fact]
    public void Only_seeds_that_came_as_far_as_the_furthest_count()
    {
        MetricsLine[] lines = [Line(0, 1, 9), Line(0, 2, 4), Line(1, 1, 9), Line(1, 2, 6), Line(2, 1, 100) with { Seconds = 99 }];

        var summary = Assert.Single(MethodSummary.Of(lines, Losses));

        Assert.Equal(
            (2, 2, new Spread(5, Math.Sqrt(2), 2), (Spread?)null, 0.05),
            (summary.Epoch, summary.Seeds, summary[Losses[0]], summary[Losses[1]], summary.TimePerStep));
    }

    [Fact]
    public void Every_result_has_its_columns_in_the_declared_order_and_what_was_not_measured_is_empty()
    {
        MetricsLine Measured(long seed, double bound) =>
            Line(seed, 2, 4, ("test_loss", 5 + seed), ("gradient_variance", 7), ("bound_100", bound));

        var csv = MethodSummary.ToCsv(
            MethodSummary.Of([Measured(0, 1), Measured(1, 4), Line(0, 2, 3, ("expected_loss", 2)) with { Method = "rloo" }], Losses),
            Losses);

        const string columns =
            "estimator,epoch,seeds,train_loss_mean,train_loss_std,test_loss_mean,test_loss_std,test_bound_mean,test_bound_std";
        Assert.Equal(
            $"""
            {columns},seconds_per_step
            st,2,2,4,0,5.5,{Math.Sqrt(0.5):r},2.5,{Math.Sqrt(4.5):r},0.05
            rloo,2,1,3,,,,,,0.05

            """.ReplaceLineEndings("\n"),
            csv);
    }

    [Fact]
    public void A_line_survives_the_file_even_if_the_loss_diverged()
    {
        var line = Line(3, 1, double.NaN, ("expected_loss", 0.1 + 0.2));

        Assert.Equal(line.ToJson(), MetricsLine.Parse(line.ToJson()).ToJson());
        Assert.Equal(line.Numbers, MetricsLine.Parse(line.ToJson()).Numbers);
        Assert.Equal(
            """{"experiment":"e","estimator":"st","seed":3,"epoch":1,"train_loss":"NaN","expected_loss":"""
            + """0.30000000000000004,"seconds":0.5,"steps":10,"check":"4874c8d8"}""",
            line.ToJson());
    }

    [Fact]
    public void The_check_of_a_line_is_the_hash_of_the_line_without_it()
    {
        var json = Line(3, 1, 0.25, ("cosine/st", 0.5)).ToJson();
        var end = json.IndexOf(",\"check\":\"", StringComparison.Ordinal);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json[..end] + "}")))[..8], json[(end + 10)..^2]);
    }

    [Fact]
    public void A_line_in_which_a_character_was_changed_taken_out_or_put_in_is_not_read()
    {
        var json = Line(3, 1, 0.25, ("cosine/st", 0.5)).ToJson();

        for (var i = 0; i < json.Length; i++)
        {
            var other = json[i] == '7' ? '8' : '7';
            var (before, after) = (json[..i], json[(i + 1)..]);
            foreach (var changed in (string[])[before + other + after, before + after, before + other + json[i] + after])
                Assert.Throws<JsonException>(() => MetricsLine.Parse(changed));
        }
    }

    [Fact]
    public void A_line_of_an_earlier_version_has_no_check()
    {
        var json = Line(3, 1, 0.25).ToJson();

        Assert.Equal(json, MetricsLine.Parse(json[..json.IndexOf(",\"check\"", StringComparison.Ordinal)] + "}").ToJson());
        json = json.Replace("0.25", "0.26", StringComparison.Ordinal);
        Assert.Equal("Its check is not that of its content.", Assert.Throws<JsonException>(() => MetricsLine.Parse(json)).Message);
    }

    private static readonly Metric[] Losses =
    [
        new("train_loss", "train loss", Direction.Lower) { IsHeadline = true },
        new("test_loss", "test loss", Direction.Lower),
        new("bound_100", "test bound", Direction.Lower) { IsSparse = true },
        new("gradient_variance", "gradient variance", Direction.Lower) { Place = MetricPlace.Curve },
    ];

    private static MetricsLine Line(long seed, int epoch, double loss, params (string Name, double Value)[] others) =>
        new("e", "st", seed, epoch, others.Prepend(("train_loss", loss)).ToDictionary(n => n.Item1, n => n.Item2), Seconds: 0.5, Steps: 10);
}
