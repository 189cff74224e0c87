using DiscreteGradients.Testing;

namespace DiscreteGradients.Cli.Tests;

public sealed class WrongInputTests
{
    [Theory]
    [InlineData("run polynomial --estimator reinmx", "Unknown estimator 'reinmx'. Did you mean 'reinmax'?")]
    [InlineData("run polynomial --estimator ", "--estimator needs a value. Run 'dgrad run polynomial --help'.")]
    [InlineData("run polynomial --estimator st,st", "--estimator must name each estimator once; got 'st' 2 times.")]
    [InlineData(
        "run polynomial --estimator exact",
        "'exact' does not apply here: exact enumeration needs all 2^128 states at every step; at most 65536 can be: use fewer --latents.")]
    [InlineData("run polynomial --p 0", "--p must be a finite number above 0; got 0.")]
    [InlineData("run polynomial --p -1.5", "--p must be a finite number above 0; got -1.5.")]
    [InlineData("run polynomial --p NaN", "--p must be a finite number above 0; got NaN.")]
    [InlineData("run polynomial --p two", "--p must be a number, such as 0.5; got 'two'.")]
    [InlineData("run polynomial --p 2,x", "--p must be a number, such as 0.5; got 'x' in '2,x'.")]
    [InlineData("run polynomial --p", "--p needs a value. Run 'dgrad run polynomial --help'.")]
    [InlineData("run polynomial --p 1 --p 2", "--p must be given once; got 2 values: 1, 2. Run 'dgrad run polynomial --help'.")]
    [InlineData("run polynomial --latents 0", "--latents must be at least 1; got 0.")]
    [InlineData("run polynomial --latents 1.5", "--latents must be a whole number of at most 2147483647; got '1.5'.")]
    [InlineData("run polynomial --epochs 0", "--epochs must be at least 1; got 0.")]
    [InlineData("run polynomial --target slope", "--target must be a number or 'ramp'; got 'slope'.")]
    [InlineData(
        "run polynomial --target 1e200",
        "--target 1e200 with --p 2 makes losses that are too large for single precision; use a smaller --target or --p.")]
    [InlineData(
        "run polynomial --target -1e20",
        "--target -1e20 with --p 2 makes losses that are too large for single precision; use a smaller --target or --p.")]
    [InlineData(
        "run polynomial --target 3 --p 1e6",
        "--target 3 with --p 1000000 makes losses that are too large for single precision; use a smaller --target or --p.")]
    [InlineData(
        "run polynomial --target 1e38 --p 1",
        "--target 1e38 with --p 1 makes losses that are too large for single precision; use a smaller --target or --p.")]
    [InlineData(
        "run polynomial --latents 2147483647 --batch 1",
        "--latents 2147483647 takes at least 88 GiB of memory, more than there is here; use fewer.")]
    [InlineData(
        "run polynomial --batch 2147483647 --latents 100000",
        "'reinmax' does not apply here: a step takes at least 3200000 GiB of memory, more than there is here; "
        + "use a smaller --batch, or fewer --latents or --samples.")]
    [InlineData(
        "run polynomial --estimator rloo --samples 2147483647",
        "'rloo' does not apply here: a step takes at least 262144 GiB of memory, more than there is here; "
        + "use a smaller --batch, or fewer --latents or --samples.")]
    [InlineData(
        "run vae --estimator rloo --samples 2147483647",
        "'rloo' does not apply here: a step takes at least 51200 GiB of memory, more than there is here; "
        + "use a smaller --batch, or fewer --latents or --samples.")]
    [InlineData("run polynomial --threads 2147483647", "--threads must be at most 1024; got 2147483647.")]
    [InlineData("compare --threads 2147483647", "--threads must be at most 1024; got 2147483647.")]
    [InlineData("bench --threads 1,2147483647", "--threads must be at most 1024; got 2147483647.")]
    [InlineData(
        "run polynomial --seed 9223372036854775807 --seeds 2",
        "--seeds 2 from --seed 9223372036854775807 on go beyond the largest seed, 9223372036854775807; use a smaller --seed.")]
    [InlineData("run polynomial --seed 9223372036854775808", "--seed must be a whole number; got '9223372036854775808'.")]
    [InlineData("compare --seed -1", "--seed must be at least 0; got -1.")]
    [InlineData("run polynomial --seeds 0", "--seeds must be from 1 to 10000; got 0.")]
    [InlineData("run polynomial --seed -1", "--seed must be at least 0; got -1.")]
    [InlineData("run polynomial --threads 0", "--threads must be at least 1; got 0.")]
    [InlineData("run polynomial --json maybe", "--json must be true or false, or stand alone; got 'maybe'.")]
    [InlineData("run polynomial --temperature 0 --estimator st", "'st': temperature must be a finite number above 0; got 0.")]
    [InlineData("run polynomial --samples 1 --estimator rloo", "'rloo': samples must be at least 2; got 1.")]
    [InlineData(
        "run polynomial --temperature 2 --estimator rloo",
        "'rloo' has no temperature; --temperature is for reinmax, st, st-gumbel, gumbel-rao, gst-1.0, gst-p, decoupled-st, rebar, relax.")]
    [InlineData(
        "run polynomial --samples 2 --estimator st,reinmax",
        "The chosen estimators have no samples; --samples is for reinforce, rloo, disarm, arms, disarm-sb, disarm-iw, carms, "
        + "unordered-set, sum-and-sample, reinforce-baseline, double-cv, rodeo, muprop, rebar, relax.")]
    [InlineData("run polynomial --samples 3 --estimator disarm", "'disarm': samples must be an even number of at least 2; got 3.")]
    [InlineData(
        "run vae --dataset made-digits --categories 3 --estimator st,arms",
        "'arms' does not apply here: it needs 2 categories a latent; got 3: use --categories 2.")]
    [InlineData("run polynomial --temperature 1,x", "--temperature must be a number, such as 0.5; got 'x' in '1,x'.")]
    [InlineData("run polynomial --temperature 1,2,1", "--temperature must name each value once; got 1 2 times.")]
    [InlineData("run polynomial --temperature 1,0 --estimator st", "'st': temperature must be a finite number above 0; got 0.")]
    [InlineData(
        "run polynomial --temperature 1,2 --estimator st,rloo",
        "'rloo' has no temperature: leave it out of --estimator, or give --temperature one value.")]
    [InlineData("run polynomial --temperature 1,2 --json", "--json is for one run; --temperature makes several.")]
    [InlineData(
        "run polynomial --latents 16 --estimator exact",
        "'exact' does not apply here: exact enumeration of 65536 states for each of the 64 examples of a step needs too much memory; "
        + "use a smaller --batch.")]
    [InlineData(
        "run vae --dataset made-digits --preset 16x12",
        "Unknown preset '16x12'. Choose from: paper-8x4, paper-4x24, paper-8x16, paper-16x12, paper-64x8, paper-10x30, paper-64x32.")]
    [InlineData(
        "run vae --dataset made-digits --preset paper-8x4 --estimator st,gst-p",
        "--preset paper-8x4 has settings for st-gumbel, gumbel-rao, gst-1.0, st, reinmax; for 'gst-p' give --lr and --temperature.")]
    [InlineData(
        "run vae --dataset made-digits --preset paper-8x4 --estimator gst-p --lr 0.1",
        "--preset paper-8x4 has settings for st-gumbel, gumbel-rao, gst-1.0, st, reinmax; for 'gst-p' give --lr and --temperature.")]
    [InlineData(
        "run vae --dataset made-digits --preset paper-64x32 --estimator rloo",
        "--preset paper-64x32 has settings for reinmax; for 'rloo' give --lr.")]
    [InlineData("run efficiency --rounds 0", "--rounds must be at least 1; got 0.")]
    [InlineData("run polynomial --epoch 4", "Unknown option '--epoch'. Did you mean '--epochs'? Run 'dgrad run polynomial --help'.")]
    [InlineData("run polynomial extra", "Unexpected argument 'extra'; options begin with two hyphens. Run 'dgrad run polynomial --help'.")]
    [InlineData("run polynomail", "Unknown experiment 'polynomail'. Did you mean 'polynomial'? Run 'dgrad run --help'.")]
    [InlineData("rnu", "Unknown command 'rnu'. Choose from: list, run, report, compare, verify, data, nas, bench. Run 'dgrad --help'.")]
    [InlineData("list --all", "Unknown option '--all'. Choose from: --help. Run 'dgrad list --help'.")]
    [InlineData("verify", "'dgrad verify' needs FILE. Run 'dgrad verify --help'.")]
    [InlineData("data fetch", "'dgrad data fetch' needs NAME. Run 'dgrad data fetch --help'.")]
    [InlineData("data fetch mnst", "Unknown dataset 'mnst'. Did you mean 'mnist'?")]
    [InlineData("data fech", "Unknown command 'fech'. Did you mean 'fetch'? Run 'dgrad data --help'.")]
    [InlineData("data --data nowhere", "--data must be an existing folder that holds one folder per data set; got 'nowhere'.")]
    [InlineData("compare --problem cubc", "Unknown problem 'cubc'. Did you mean 'cubic'?")]
    [InlineData("compare --draws 1", "--draws must be at least 2; got 1.")]
    [InlineData(
        "compare --estimator rloo,disarm", "'disarm' does not apply here: it needs 2 categories a latent; got 3: use --categories 2.")]
    [InlineData("compare --categories 1", "--categories must be at least 2; got 1.")]
    [InlineData(
        "compare --latents 20",
        "exact enumeration is limited to 65536 states; 20 latents of 3 categories have 3486784401. "
        + "Use fewer latents or raise MaximumStates.")]
    public void Wrong_input_ends_with_one_sentence_and_exit_code_2(string line, string sentence)
    {
        var result = Tool.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal((2, "", sentence + Environment.NewLine), (result.Code, result.Out, result.Error));
    }

    [Fact]
    public void A_run_without_an_experiment_names_them()
    {
        var result = Tool.Run("run");

        Assert.Equal(2, result.Code);
        Assert.Equal(
            $"'dgrad run' needs one of: {string.Join(", ", ExperimentCatalog.All.Select(e => e.Name))}, efficiency. "
            + $"Run 'dgrad run --help'.{Environment.NewLine}",
            result.Error);
    }

    [Fact]
    public void An_output_folder_with_files_in_it_is_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write([1], "taken", "a.txt");

        var result = Tool.Run(Tool.TinyRun(folder["taken"]));

        Assert.Equal(
            (2, $"--out must be a new or empty folder; '{folder["taken"]}' holds files. Name another or remove it.{Environment.NewLine}"),
            (result.Code, result.Error));
        Assert.Equal([folder["taken", "a.txt"]], Directory.GetFileSystemEntries(folder["taken"]));
    }

    [Fact]
    public void An_output_folder_that_is_a_file_is_refused()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write([1], "file");

        var result = Tool.Run(Tool.TinyRun(file));

        Assert.Equal((2, $"--out must be a folder; '{file}' is a file.{Environment.NewLine}"), (result.Code, result.Error));
    }

    [Fact]
    public void An_output_folder_that_cannot_be_made_is_refused()
    {
        using var folder = new TemporaryFolder();
        var below = Path.Combine(folder.Write([1], "file"), "run");

        var result = Tool.Run(Tool.TinyRun(below));

        Assert.Equal(2, result.Code);
        Assert.StartsWith($"--out must be a folder that can be written; '{below}' cannot: ", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Wrong_estimators_leave_no_folder_behind()
    {
        using var folder = new TemporaryFolder();

        Tool.Run(Tool.TinyRun(folder["run"], "--estimator", "nonsense"));

        Assert.False(Path.Exists(folder["run"]));
    }
}
