using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.ListOps;

public sealed class ListOpsExperimentTests : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();
    private readonly ListOpsOptions _tiny;

    public ListOpsExperimentTests()
    {
        set_num_threads(1);
        _tiny = TinyListOps.Write(_folder);
    }

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Learners => new(ListOpsMethods.All.Select(entry => entry.Name)
        .Where(name => ListOpsMethods.WhyNot(Method(name)) is null && Method(name).Made is not Shortcut));

    [Theory]
    [MemberData(nameof(Learners))]
    public void Every_method_trains_the_same_in_both_forms_and_leaves_no_tensor_behind(string name)
    {
        var options = _tiny with { Epochs = 1 };
        var before = LiveTensors.Count();

        var linear = Assert.Single(Run(options, name));
        var plain = Assert.Single(Run(options with { Form = ListOpsForm.Plain }, name));

        Assert.Equal(before, LiveTensors.Count());
        Assert.Equal(4, linear.Steps);
        Assert.Equal(Math.Log(10), linear.Numbers["train_loss"], 0.1);
        Assert.Equal(plain.Numbers["train_loss"], linear.Numbers["train_loss"], 1e-4);
        Assert.Equal(plain.Numbers["valid_loss"], linear.Numbers["valid_loss"], 1e-4);
    }

    [Fact]
    public void A_run_that_goes_on_from_a_state_ends_as_if_it_had_never_stopped()
    {
        var experiment = new ListOpsExperiment(_tiny with { Patience = 1, Buckets = true });
        var before = LiveTensors.Count();
        var whole = experiment.Run(Method("reinmax"), 3, cancellation: Stop).Select(epoch => epoch.Numbers).ToList();
        IReadOnlyDictionary<string, Tensor> state;
        using (var first = experiment.Start(Method("reinmax"), 3))
        {
            first.Next(null, Stop);
            first.Next(null, Stop);
            state = first.State();
            first.Next(null, Stop);
        }

        using (var second = experiment.Start(Method("reinmax"), 4))
        {
            second.Restore(state);
            Assert.Equal(whole[2..], [second.Next(null, Stop).Numbers, second.Next(null, Stop).Numbers]);
        }

        foreach (var tensor in state.Values)
            tensor.Dispose();
        Assert.Equal(before, LiveTensors.Count());
        Assert.True(whole[^1]["learning_rate"] < whole[0]["learning_rate"]);
        Assert.NotEqual(whole, experiment.Run(Method("reinmax"), 4, cancellation: Stop).Select(epoch => epoch.Numbers));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]  // after which there is a validation
    [InlineData(3)]
    [InlineData(4)]  // the last
    public void A_run_that_goes_on_from_a_state_within_an_epoch_ends_as_if_it_had_never_stopped(int step)
    {
        var experiment = new ListOpsExperiment(_tiny with
        {
            Epochs = 3,
            Patience = 1,
            Buckets = true,
            QualityEvery = 2,
            QualityDraws = 8,
            QualitySentences = 2,
            QualityEstimators = "st",
        });
        var before = LiveTensors.Count();
        var whole = experiment.Run(Method("reinmax"), 3, cancellation: Stop).Select(epoch => epoch.Numbers).ToList();
        IReadOnlyDictionary<string, Tensor> state = new Dictionary<string, Tensor>();
        Dictionary<string, double> underWay = [];
        using (var first = experiment.Start(Method("reinmax"), 3))
        {
            first.Next(null, Stop);
            Assert.Empty(first.UnderWay);
            first.Next(
                _ =>
                {
                    if (first.Step == step)
                        (state, underWay) = (first.State(), new(first.UnderWay));
                },
                Stop);
        }

        using (var second = experiment.Start(Method("reinmax"), 3))
        {
            second.Restore(state, underWay);
            Assert.Equal(1 + (step / 4.0), second.Done);
            Assert.Equal(whole[1..], [second.Next(null, Stop).Numbers, second.Next(null, Stop).Numbers]);
        }

        foreach (var tensor in state.Values)
            tensor.Dispose();
        Assert.Equal(before, LiveTensors.Count());
        Assert.Contains("cosine/st", whole[1].Keys);
        Assert.True(whole[^1]["learning_rate"] < whole[0]["learning_rate"]);
    }

    [Fact]
    public void Fixed_trees_agree_with_the_true_ones_as_far_as_they_are_the_same()
    {
        var truth = Run(_tiny with { Epochs = 1 }, "true-trees").Single().Numbers;
        var left = Run(_tiny with { Epochs = 1 }, "left-to-right").Single().Numbers;

        Assert.Equal(1, truth["f1"], 1e-12);
        Assert.Equal(1, left["f1_by_depth/1"], 1e-12);  // op, a₁, a₂, …, from left to right
        Assert.InRange(left["f1_by_depth/2"], 0.1, 0.9);
    }

    [Fact]
    public void Shortcuts_are_runs_whose_numbers_are_those_of_the_sentences()
    {
        var rows = ListOpsFile.Read(_tiny.Test!);

        var epochs = Run(_tiny, "depth-2");

        Assert.Equal(4, epochs.Count);
        Assert.All(epochs, epoch => Assert.Equal(
            rows.Average(row => ListOpsExpression.Value(row.Expression, 2) == row.Label ? 1.0 : 0), epoch.Numbers["test_accuracy"]));
        Assert.Equal(1, epochs[0].Numbers["accuracy_by_depth/1"]);
        var majority = ListOpsFile.Read(_tiny.Train).CountBy(row => row.Label).OrderBy(l => (-l.Value, l.Key)).First().Key;
        Assert.Equal(rows.Count(row => row.Label == majority) / 40.0, Run(_tiny, "majority")[0].Numbers["test_accuracy"]);
    }

    [Fact]
    public void Accuracies_by_depth_and_length_make_up_the_accuracy()
    {
        var rows = ListOpsFile.Read(_tiny.Test!);

        var numbers = Run(_tiny with { Longest = 30 }, "depth-1")[0].Numbers;

        var kept = rows.Where(row => row.Expression.Length <= 30).ToList();
        var byDepth = kept.CountBy(row => ListOpsExpression.Depth(row.Expression))
            .Sum(d => d.Value * numbers[$"accuracy_by_depth/{(d.Key >= 8 ? "8+" : d.Key)}"]);
        var byLength = kept.CountBy(row => (row.Expression.Length - 1) / 3)
            .Sum(g => g.Value * numbers[$"accuracy_by_length/{(3 * g.Key) + 1}-{3 * (g.Key + 1)}"]);
        Assert.Equal(numbers["test_accuracy"] * kept.Count, byDepth, 1e-9);
        Assert.Equal(numbers["test_accuracy"] * kept.Count, byLength, 1e-9);
    }

    [Fact]
    public void Steps_and_rows_bound_what_is_read()
    {
        var epoch = Run(_tiny with { Epochs = 1, Steps = 2 }, "st").Single();
        var few = Run(_tiny with { Epochs = 1, Rows = 31 }, "st").Single();

        Assert.Equal((2, 3), (epoch.Steps, few.Steps));
    }

    [Fact]
    public void Trees_are_drawn_when_they_are_asked_for()
    {
        var epochs = Run(_tiny with { PictureEvery = 3 }, "true-trees");

        Assert.Equal([0, 0, 1, 1], epochs.Select(epoch => epoch.Sketches.Count));
        Assert.Contains("F1 1.00", epochs[^1].Sketches[0].Text, StringComparison.Ordinal);
        Assert.Empty(Run(_tiny with { Epochs = 1, PictureEvery = 0 }, "st")[0].Sketches);
    }

    [Fact]
    public void Measuring_gradients_changes_nothing_of_the_run()
    {
        var options = _tiny with { Epochs = 3, QualityEvery = 2, QualityDraws = 8, QualitySentences = 2, QualityEstimators = "st,reinmax" };

        var measured = Run(options, "reinmax");
        var again = Run(options, "reinmax");
        var plain = Run(_tiny with { Epochs = 3 }, "reinmax");

        string[] names = ["cosine", "bias", "bias_approx", "std"];
        Assert.Equal([8, 8, 0], measured.Select(e => e.Numbers.Keys.Count(key => names.Contains(key.Split('/')[0]))));
        Assert.Equal(measured.Select(e => e.Numbers), again.Select(e => e.Numbers));
        foreach (var (with, without) in measured.Zip(plain))
            Assert.All(without.Numbers, number => Assert.Equal(number.Value, with.Numbers[number.Key]));
    }

    [Fact]
    public void Presets_hold_the_published_settings()
    {
        var paper = ListOpsPresets.Get("paper");

        Assert.Equal(
            (ListOpsTokens.Characters, null, 300, 11, 16, 20, 0.5, 5.0, 4),
            (paper.Options.Tokens, paper.Options.Longest, paper.Options.Hidden, paper.Options.Classes, paper.Options.Batch,
                paper.Options.Epochs, paper.Options.Dropout, paper.Options.Clip, paper.Options.Patience));
        Assert.Equal(new ListOpsTuning(7e-4, 1.1), paper.Tuning("reinmax"));
        Assert.Equal(7e-4, paper.Tuning("random-trees")!.Lr);
        Assert.Null(paper.Tuning("gst-p"));
        var experiment = new ListOpsExperiment(paper.Options);
        Assert.Equal(5e-4, ((ListOpsOptions)experiment.TunedFor("st-gumbel").Options).Lr);
        Assert.Equal(0.1, experiment.Settings(ListOpsMethods.All.Single(m => m.Name == "st-gumbel"), Nothing)["temperature"]);
        Assert.Empty(experiment.Settings(ListOpsMethods.All.Single(m => m.Name == "majority"), Nothing));
        Assert.Equal(25, ListOpsPresets.Get("gumbel-rao-25").Options.Longest);
    }

    [Fact]
    public void Published_numbers_are_found_for_the_settings_that_they_are_of()
    {
        var options = new ListOpsOptions { Dataset = "listops", Longest = 10 };

        var number = Assert.Single(Assert.Single(Find("gumbel-rao", 0.1, 100)).Numbers);

        Assert.Equal("selected_accuracy", number.Metric);
        Assert.Equal(0.663, number.Value.Mean, 1e-12);
        Assert.Equal(Math.Sqrt(0.663 * 0.337 / 3531), number.Value.Std, 1e-12);
        Assert.Equal(0.658, Assert.Single(Assert.Single(Find("st-gumbel", 1, null)).Numbers).Value.Mean, 1e-12);
        Assert.Empty(Find("gumbel-rao", 0.1, 7));
        Assert.Empty(Find("gumbel-rao", 0.2, 100));
        Assert.Empty(Find("reinmax", 1, null));
        options = options with { Dataset = "made-listops" };
        Assert.Empty(Find("st-gumbel", 1, null));

        IReadOnlyList<PublishedResult> Find(string method, double temperature, int? draws)
        {
            var settings = new Dictionary<string, object> { ["temperature"] = temperature };
            if (draws is { } d)
                settings["noise_draws"] = d;
            return PublishedListOps.Find(options, new MethodRecord(method, "") { Settings = MethodSettings.ToJson(settings) });
        }
    }

    public static TheoryData<ListOpsOptions, string> Wrong => new()
    {
        { new() { Dataset = "listop" }, "Unknown dataset 'listop'. Did you mean 'listops'?" },
        { new() { Preset = "papers" }, "Unknown preset 'papers'. Did you mean 'paper'?" },
        { new() { Longest = 0 }, "--longest must be from 1 to 10000; got 0." },
        { new() { Longest = 10_001 }, "--longest must be from 1 to 10000; got 10001." },
        { new() { Rows = 0 }, "--rows must be at least 1; got 0." },
        { new() { Hidden = 0 }, "--hidden must be from 1 to 4096; got 0." },
        { new() { Classes = 12 }, "--classes must be from 10 to 11; got 12." },
        { new() { Epochs = 0 }, "--epochs must be at least 1; got 0." },
        { new() { Steps = 0 }, "--steps must be at least 1; got 0." },
        { new() { Batch = 0 }, "--batch must be at least 1; got 0." },
        { new() { Lr = 0 }, "--lr must be a finite number above 0; got 0." },
        { new() { Clip = -1 }, "--clip must be a finite number above 0; got -1." },
        { new() { Patience = -1 }, "--patience must be at least 0; got -1." },
        { new() { PictureEvery = -1 }, "--picture-every must be at least 0; got -1." },
        { new() { QualityEvery = -1 }, "--quality-every must be at least 0; got -1." },
        { new() { QualityEvery = 1, QualityDraws = 1 }, "--quality-draws must be at least 2; got 1." },
        { new() { QualityEvery = 1, QualitySentences = 0 }, "--quality-sentences must be at least 1; got 0." },
        {
            new() { QualityEvery = 1, QualityEstimators = "st,rloo" },
            "--quality-estimators may not name 'rloo' here: merges need a pathwise estimator, whose gradient comes from one reading; "
            + "it is none."
        },
        { new() { QualityEvery = 1, Tokens = ListOpsTokens.Characters }, NoSentences },
        { new() { Dropout = 1 }, "--dropout must be at least 0 and below 1; got 1." },
        { new() { Dropout = double.NaN }, "--dropout must be at least 0 and below 1; got NaN." },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Options_that_cannot_be_are_refused(ListOpsOptions options, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<OptionException>(() => new ListOpsExperiment(options)).Message);

    [Fact]
    public void Too_few_sentences_are_refused_in_words()
    {
        Assert.Equal("--batch must be at most the 60 training sentences; got 61.", Message(_tiny with { Batch = 61 }));
        File.WriteAllText(_folder["digits.tsv"], "7\t7\n");
        Assert.Equal(NoSentences, Message(_tiny with { QualityEvery = 1, Valid = _folder["digits.tsv"] }));
        Assert.Equal(
            "None of the 60 training sentences has at most 1 tokens; use a larger --longest.", Message(_tiny with { Longest = 1 }));

        static string Message(ListOpsOptions options) =>
            Assert.Throws<OptionException>(() => new ListOpsExperiment(options).Load()).Message;
    }

    [Fact]
    public void Methods_that_cannot_choose_merges_are_refused_in_words()
    {
        Assert.Equal(
            "merges need a pathwise estimator, whose gradient comes from one reading; it is none.", ListOpsMethods.WhyNot(Method("rloo")));
        Assert.Equal(
            "it needs 2 categories a latent; merges are chosen among as many pairs as there are.", ListOpsMethods.WhyNot(Method("disarm")));
    }

    private const string NoSentences =
        "--quality-every needs validation sentences of 4 to 7 leaves, whose orders of merges can be enumerated; "
        + "there are none: use --tokens merged or split.";

    private static readonly Dictionary<string, object> Nothing = [];

    private static Method Method(string name) => ListOpsMethods.All.Single(entry => entry.Name == name).With(Nothing);

    private static List<EpochMetrics> Run(ListOpsOptions options, string method) =>
        [.. new ListOpsExperiment(options).Run(Method(method), 0, cancellation: Stop)];
}
