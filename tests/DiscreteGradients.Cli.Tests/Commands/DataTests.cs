using System.Net;
using System.Text.Json;
using DiscreteGradients.Cli.Commands;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Cli.Tests.Commands;

public sealed class DataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Server _server =
        new Server().With(TinySet.TrainFile, Idx.Gzip(TinySet.Train)).With(TinySet.TestFile, Idx.Gzip(TinySet.Test));
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    private DataFolders Folders => TinySet.Folders(_folder);

    private Terminal Terminal => new(_out, _error);

    private string[] Lines => [.. _out.ToString().Split('\n').Select(line => line.TrimEnd())];

    private string Cache => _folder["cache", "dgrad", "tiny"];

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void The_list_says_what_is_there_and_where_and_what_the_rest_needs()
    {
        WriteTiny("variable");

        var code = DataCommand.List(
            [TinySet.With() with { Caveat = "it is tiny." }, Absent, MadeDigits.Set], Folders, json: false, Terminal);

        Assert.Equal((0, ""), (code, _error.ToString()));
        Assert.Equal(
            [
                "data set     state      train  test  sha256",
                $"tiny         ready        300     2  {Idx.Sha256(TinySet.Train)[..8]} {Idx.Sha256(TinySet.Test)[..8]}",
                "absent       not found",
                "made-digits  ready       3000   500  20d33549",
                "",
                "data set     where, or what it needs",
            ],
            Lines[..6]);
        var rest = string.Join(' ', Lines[6..].Select(line => line.Trim()));
        Assert.Contains($"tiny         {_folder["variable", "tiny"]} ($DGRAD_DATA) absent", rest, StringComparison.Ordinal);
        Assert.Contains(
            "absent       install the package, or run 'dgrad data fetch absent', or put train-images-idx3-ubyte.gz and "
            + "t10k-images-idx3-ubyte.gz into DIR/absent and give --data DIR made-digits  drawn by code",
            rest,
            StringComparison.Ordinal);
        Assert.Contains(
            $"cache: {_folder["cache", "dgrad"]} tiny: it is tiny. made-digits: drawn by code, not handwritten; ",
            rest,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_list_fits_80_columns()
    {
        var set = TinySet.With() with { Caveat = "it is very very tiny, and it takes more than eighty columns to say so, as it happens." };

        DataCommand.List([Absent, set], new DataFolders("/data", _ => null, false), json: false, Terminal with { Width = 80 });

        Assert.All(Lines, line => Assert.InRange(line.Length, 0, 80));
    }

    [Fact]
    public void The_list_of_all_sets_is_not_cut_off_on_a_narrow_terminal()
    {
        var code = DataCommand.List(DataSets.All, Folders, json: false, Terminal with { Width = 40 });

        Assert.Equal((0, ""), (code, _error.ToString()));
        Assert.All(DataSets.All, set => Assert.Contains(set.Name, _out.ToString(), StringComparison.Ordinal));
        Assert.DoesNotContain('…', _out.ToString());
    }

    [Theory]
    [InlineData("variable", "Remove or replace it.")]
    [InlineData("cache/dgrad", "Run 'dgrad data fetch tiny', which replaces it.")]
    public void A_damaged_set_is_named_and_ends_with_1(string place, string remedy)
    {
        WriteTiny(place, TinySet.Test[..^1]);

        var code = DataCommand.List([TinySet.With(_server.Address), MadeDigits.Set], Folders, json: false, Terminal);

        Assert.Equal((1, ""), (code, _error.ToString()));
        Assert.Equal("tiny         damaged", Lines[1]);
        Assert.Contains(
            $"tiny: '{_folder[place, "tiny", TinySet.TestFile]}' is cut off: its 2 images need 1568 bytes after the header; "
            + $"1567 are there. {remedy}",
            Lines);
    }

    [Fact]
    public void Json_is_an_object_a_set()
    {
        WriteTiny("variable");
        WriteTiny("cache/dgrad", Idx.Images(1), set: "damaged");

        var code = DataCommand.List(
            [TinySet.With(), Absent, TinySet.With() with { Name = "damaged" }, MadeDigits.Set], Folders, json: true, Terminal);

        Assert.Equal(1, code);
        var rows = Lines[..^1].Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(row => row.GetProperty("name").GetString()!);
        Assert.Equal(["tiny", "absent", "damaged", "made-digits"], rows.Keys);
        Assert.Equal(["ready", "not found", "damaged", "ready"], rows.Values.Select(row => row.GetProperty("state").GetString()));
        var tiny = rows["tiny"];
        Assert.Equal((300, 2), (tiny.GetProperty("train").GetInt32(), tiny.GetProperty("test").GetInt32()));
        Assert.Equal(
            (_folder["variable", "tiny"], "$DGRAD_DATA"), (tiny.GetProperty("folder").GetString(), tiny.GetProperty("place").GetString()));
        Assert.Equal(Idx.Sha256(TinySet.Test), tiny.GetProperty("sha256").GetProperty(IdxSet.TestFile).GetString());
        Assert.StartsWith(
            "install the package, or run 'dgrad data fetch absent', or put ",
            rows["absent"].GetProperty("needed").GetString(),
            StringComparison.Ordinal);
        Assert.Contains(" is not the file of ", rows["damaged"].GetProperty("damage").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_set_of_text_is_fetched_and_stands_beside_images_with_columns_of_its_own()
    {
        WriteTiny("variable");
        var (set, folder) = (Riddles, _folder["cache", "dgrad", "riddles"]);

        Assert.Equal(0, DataCommand.List([TinySet.With(), set], Folders, json: false, Terminal));
        Assert.Equal(0, DataFetchCommand.Fetch(set, Folders, Terminal));
        Assert.Equal(0, DataCommand.List([TinySet.With(), set], Folders, json: false, Terminal));

        Assert.Equal(
            [
                "data set  state      train  test  valid  sha256",
                "riddles   not found",
                $"riddles is ready: 2 training, 1 validation and 3 test riddles in {folder}, checked.",
                "data set  state  train  test  valid  sha256",
                $"tiny      ready    300     2         {Idx.Sha256(TinySet.Train)[..8]} {Idx.Sha256(TinySet.Test)[..8]}",
                $"riddles   ready      2     3      1  {string.Join(' ', set.Files.Select(file => file.Sha256[..8]))}",
            ],
            [Lines[0], Lines[2], .. Lines.SkipWhile(line => !line.StartsWith("riddles is ready", StringComparison.Ordinal)).Take(4)]);
    }

    [Fact]
    public void A_damaged_set_of_text_is_named_and_ends_with_1()
    {
        var set = Riddles;
        DataFetchCommand.Fetch(set, Folders, new Terminal(TextWriter.Null, _error));
        var path = _folder.Write([1], "cache", "dgrad", "riddles", "valid.tsv");

        var code = DataCommand.List([set], Folders, json: false, Terminal);

        Assert.Equal((1, "riddles   damaged"), (code, Lines[1]));
        Assert.Contains(
            $"riddles: '{path}' is not the file of 'riddles': the sha256 of its uncompressed bytes must be {set.Files[1].Sha256}; "
            + $"got {Idx.Sha256([1])}. Run 'dgrad data fetch riddles', which replaces it.",
            Lines);
    }

    [Fact]
    public void Json_has_a_number_for_each_part_of_a_set()
    {
        DataFetchCommand.Fetch(Riddles, Folders, new Terminal(TextWriter.Null, _error));

        DataCommand.List([Riddles], Folders, json: true, Terminal);

        var row = JsonDocument.Parse(Lines[0]).RootElement;
        Assert.Equal(
            ["name", "state", "folder", "place", "train", "valid", "test", "sha256", "about"],
            row.EnumerateObject().Select(property => property.Name));
        Assert.Equal(1, row.GetProperty("valid").GetInt32());
        Assert.Equal("Riddles; made up for tests; no licence.", row.GetProperty("about").GetString());
    }

    [Fact]
    public void The_whole_tool_lists_the_real_sets_with_omniglots_caveat()
    {
        var result = Tool.Run("data", "--data", _folder["."]);

        Assert.Equal("", result.Error);
        Assert.Equal(
            DataSets.All.Select(set => set.Name), result.Lines.Skip(1).Take(DataSets.All.Count).Select(line => line.Split(' ')[0]));
        Assert.Contains(
            "omniglot: its split has the sizes of the one by Burda et al. but not its members", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Fetch_downloads_and_checks_and_says_where()
    {
        var code = DataFetchCommand.Fetch(TinySet.With(_server.Address), Folders, Terminal);

        Assert.Equal((0, ""), (code, _error.ToString()));
        Assert.Equal(
            [
                $"Downloading tiny into the cache, {_folder["cache", "dgrad"]}.",
                $"{_server.Address}{TinySet.TrainFile} 0.02 MB",
                $"{TinySet.TrainFile} 100 %",
                $"{_server.Address}{TinySet.TestFile} 0.00 MB",
                $"{TinySet.TestFile} 100 %",
                $"tiny is ready: 300 training and 2 test images in {Cache}, checked.",
                "",
            ],
            Lines.Where(line => !((string[])["25 %", "50 %", "75 %"]).Any(part => line.EndsWith(part, StringComparison.Ordinal))));
    }

    [Theory]
    [InlineData(80)]
    [InlineData(40)]
    public void At_a_terminal_fetch_draws_a_bar_that_fits(int width)
    {
        var code = DataFetchCommand.Fetch(TinySet.With(_server.Address), Folders, Terminal with { Interactive = true, Width = width });

        var lines = Lines.Select(line => System.Text.RegularExpressions.Regex.Replace(line, @"\e\[[0-9;?]*[A-Za-z]", "")).ToList();
        Assert.Equal((0, ""), (code, _error.ToString()));
        Assert.Contains(lines, line => line.StartsWith(TinySet.TrainFile, StringComparison.Ordinal) && line.Contains('━'));
        Assert.All(
            lines.Where(line => !line.StartsWith("tiny is ready", StringComparison.Ordinal)),
            line => Assert.InRange(line.Length, 0, width));
    }

    [Fact]
    public void Fetch_leaves_alone_what_is_there()
    {
        WriteTiny("variable");

        var code = DataFetchCommand.Fetch(TinySet.With(_server.Address), Folders, Terminal);

        Assert.Equal((0, $"tiny is there: 300 training and 2 test images in {_folder["variable", "tiny"]}, checked."), (code, Lines[0]));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public void Fetch_brings_the_labels_that_the_cache_has_not_yet_and_leaves_other_folders_alone()
    {
        byte[] train = [0, 0, 8, 1, 0, 0, 0, 1, 7], test = [0, 0, 8, 1, 0, 0, 0, 1, 8];
        _server.With("train-labels-idx1-ubyte.gz", Idx.Gzip(train)).With("t10k-labels-idx1-ubyte.gz", Idx.Gzip(test));
        var set = TinySet.With(_server.Address) with { Extras = IdxSet.Labels(Idx.Sha256(train), Idx.Sha256(test), 1, 1) };
        WriteTiny("cache/dgrad");

        Assert.Equal(0, DataFetchCommand.Fetch(set, Folders, Terminal));

        Assert.Equal($"{Cache} has no train-labels-idx1-ubyte.gz yet.", Lines[0]);
        Assert.Equal(
            [TinySet.TestFile, "t10k-labels-idx1-ubyte.gz", TinySet.TrainFile, "train-labels-idx1-ubyte.gz"],
            Directory.GetFiles(Cache).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(4, _server.Requests.Count);
        Assert.Equal(0, DataFetchCommand.Fetch(set, Folders, Terminal));
        WriteTiny("variable");
        Assert.Equal(0, DataFetchCommand.Fetch(set, Folders, Terminal));
        Assert.Equal(4, _server.Requests.Count);
    }

    [Fact]
    public void Fetch_replaces_what_is_damaged_in_the_cache()
    {
        WriteTiny("cache/dgrad", Idx.Images(1));

        var code = DataFetchCommand.Fetch(TinySet.With(_server.Address), Folders, Terminal);

        Assert.Equal((0, $"What is in {Cache} is damaged and will be replaced."), (code, Lines[0]));
        Assert.Equal(300, TinySet.With().Load(Folders).TrainCount);
    }

    [Fact]
    public void Fetch_names_what_is_damaged_elsewhere()
    {
        WriteTiny("variable", TinySet.Test[..7]);

        var error = Assert.Throws<OptionException>(() => DataFetchCommand.Fetch(TinySet.With(_server.Address), Folders, Terminal));

        Assert.Equal(
            $"'{_folder["variable", "tiny", TinySet.TestFile]}' ends inside its header: 7 of 16 bytes are there. "
            + "It is not in the cache, so it is not replaced; remove it first.",
            error.Message);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public void A_set_without_a_home_says_what_to_do()
    {
        var error = Assert.Throws<OptionException>(() => DataFetchCommand.Fetch(TinySet.With(), Folders, Terminal));

        Assert.Equal(
            "'tiny' has no public home from which these files could be downloaded; "
            + "put train-images-idx3-ubyte.gz and t10k-images-idx3-ubyte.gz "
            + $"into DIR/tiny and give --data DIR, or into {Cache}; docs/data.md says how they are made.",
            error.Message);
    }

    [Fact]
    public void Made_digits_need_no_fetching()
    {
        var result = Tool.Run("data", "fetch", "made-digits");

        Assert.Equal(
            (0, "made-digits is drawn by code; there is nothing to fetch.\n", ""),
            (result.Code, result.Out.ReplaceLineEndings("\n"), result.Error));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_needs_a_set_downloads_it_first(bool json)
    {
        var set = TinySet.With(_server.Address);

        var data = DataFetchCommand.WithData(() => set.Load(Folders), json, Terminal);

        Assert.Equal((300, 2), (data.TrainCount, data.TestCount));
        Assert.Equal(json, _out.ToString().Length == 0);
        Assert.StartsWith("Downloading tiny into the cache, ", (json ? _error : _out).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Offline_a_missing_set_stays_missing()
    {
        var (set, folders) = (TinySet.With(_server.Address), TinySet.Folders(_folder, offline: true));

        var error = Assert.Throws<OptionException>(() => DataFetchCommand.WithData(() => set.Load(folders), json: false, Terminal));

        Assert.Contains(", and DGRAD_OFFLINE forbids a download. Put ", error.Message, StringComparison.Ordinal);
        Assert.Equal(("", ""), (_out.ToString(), _error.ToString()));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public void A_run_that_finds_no_images_asks_their_homes()
    {
        using var proxy = new Server();
        using var web = new Surroundings(
            proxy.Address,
            ("DGRAD_OFFLINE", "0"),
            ("DGRAD_DATA", null),
            ("XDG_CACHE_HOME", _folder["cache"]),
            ("LOCALAPPDATA", _folder["cache"]));

        var result = Tool.Run("run", "vae", "--dataset", "mnist", "--threads", "1", "--out", _folder["run"], "--json");

        Assert.Equal((2, ""), (result.Code, result.Out));
        Assert.Contains(
            $"Data set 'mnist' is not in {_folder["cache", "dgrad", "mnist"]} (the cache) and could not be downloaded; "
            + "tried https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz: ",
            result.Error,
            StringComparison.Ordinal);
        Assert.Equal(["storage.googleapis.com:443", "ossci-datasets.s3.amazonaws.com:443"], proxy.Requests);
        Assert.False(Path.Exists(_folder["run"]));
    }

    [Theory]
    [InlineData("run vae --estimator reinmx", "Unknown estimator 'reinmx'. Did you mean 'reinmax'?")]
    [InlineData("run vae --temperature 0", "'reinmax': temperature must be a finite number above 0; got 0.")]
    [InlineData("run vae --estimator disarm", "'disarm' does not apply here: it needs 2 categories a latent; got 8: use --categories 2.")]
    [InlineData(
        "run vae --estimator exact --latents 30",
        "'exact' does not apply here: exact enumeration needs all 8^30 states at every step; at most 65536 can be: use fewer --latents.")]
    [InlineData("run vae --noise-draws 3", "'reinmax' has no noise draws; --noise-draws is for gumbel-rao.")]
    [InlineData(
        "run vae --preset paper-8x4 --estimator gst-p",
        "--preset paper-8x4 has settings for st-gumbel, gumbel-rao, gst-1.0, st, reinmax; for 'gst-p' give --lr and --temperature.")]
    [InlineData(
        "run vae --preset paper-9x9",
        "Unknown preset 'paper-9x9'. Did you mean 'paper-8x4' or 'paper-4x24' or 'paper-8x16' or 'paper-64x8'?")]
    [InlineData("run vae --batch 60001", "--batch must be at most the 60000 training images of 'mnist'; got 60001.")]
    [InlineData(
        "run vae --dataset fashion-mnist --batch 60001",
        "--batch must be at most the 60000 training images of 'fashion-mnist'; got 60001.")]
    [InlineData("run bernoulli-vae --batch 50001", "--batch must be at most the 50000 training images of 'mnist'; got 50001.")]
    [InlineData(
        "run bernoulli-vae --estimator rloo --samples 5",
        "'rloo' does not apply here: it evaluates f 5 times for each image and step; --evaluations is 2: give it one that fits.")]
    [InlineData("run vae --seed -1", "--seed must be at least 0; got -1.")]
    [InlineData(
        "run vae --seed 9223372036854775807 --seeds 2",
        "--seeds 2 from --seed 9223372036854775807 on go beyond the largest seed, 9223372036854775807; use a smaller --seed.")]
    [InlineData("run vae --seeds 0", "--seeds must be from 1 to 10000; got 0.")]
    [InlineData("run vae --threads 0", "--threads must be at least 1; got 0.")]
    [InlineData("run vae --data nowhere", "--data must be an existing folder that holds one folder per data set; got 'nowhere'.")]
    [InlineData("run vae --device cuda:x", "--device must be cpu, cuda or cuda:N; got 'cuda:x'.")]
    [InlineData(
        "run vae --quality-every 1 --latents 30",
        "--quality-every needs the exact gradient, from all 8^30 states of the latents; at most 65536 can be: use fewer --latents.")]
    [InlineData("run vae --lr 0.1,0", "--lr must be a finite number above 0; got 0.")]
    [InlineData(
        "run vae --temperature 1,2 --estimator reinmax,rloo",
        "'rloo' has no temperature: leave it out of --estimator, or give --temperature one value.")]
    [InlineData("run vae --lr 0.1,0.2 --json", "--json is for one run; --lr makes several.")]
    [InlineData("run vae --out FILE", "--out must be a folder; 'FILE' is a file.")]
    [InlineData("run vae --out FILE/run", "--out must be a folder that can be written; 'FILE/run' cannot: 'FILE' is not a folder.")]
    [InlineData("run vae --out FULL", "--out must be a new or empty folder; 'FULL' holds files. Name another or remove it.")]
    [InlineData("run vae --lr 0.1,0.2 --out FULL", "--out must be a new or empty folder; 'FULL' holds files. Name another or remove it.")]
    [InlineData(
        "run vae --resume --out FULL", "--resume needs the folder of a run; 'FULL' has no run.json. Leave --resume out to start a run.")]
    [InlineData("data fetch mnst", "Unknown dataset 'mnst'. Did you mean 'mnist'?")]
    public void Wrong_input_is_found_before_data_is_looked_for(string line, string sentence)
    {
        using var proxy = new Server();
        using var web = new Surroundings(
            proxy.Address,
            ("DGRAD_OFFLINE", "0"), ("DGRAD_DATA", null), ("XDG_CACHE_HOME", _folder["cache"]), ("LOCALAPPDATA", _folder["cache"]));
        _folder.Write([1], "full", "file");

        var result = Tool.Run(WithPlaces(line).Split(' '));

        Assert.Equal((2, "", WithPlaces(sentence) + Environment.NewLine), (result.Code, result.Out, result.Error));
        Assert.Empty(proxy.Requests);
        Assert.Equal([_folder["full"]], Directory.GetFileSystemEntries(_folder["."]).Select(Path.GetFullPath));

        string WithPlaces(string text) =>
            text.Replace("FILE", _folder["full", "file"], StringComparison.Ordinal)
                .Replace("FULL", _folder["full"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run vae")]
    [InlineData("run bernoulli-vae --json")]
    [InlineData("run vae --lr 0.1,0.2")]
    [InlineData("data fetch mnist")]
    public void Without_a_home_folder_nothing_is_downloaded_and_no_cache_named(string line)
    {
        using var proxy = new Server();
        using var web = new Surroundings(
            proxy.Address, ("DGRAD_OFFLINE", "0"), ("DGRAD_DATA", null), ("XDG_CACHE_HOME", null), ("HOME", null), ("LOCALAPPDATA", null));

        var result = Tool.Run(line.Split(' '));

        var variable = OperatingSystem.IsWindows() ? "LOCALAPPDATA" : "HOME or XDG_CACHE_HOME";
        Assert.Equal(
            (2, "", $"There is no folder to download 'mnist' into; set {variable}.{Environment.NewLine}"),
            (result.Code, result.Out, result.Error));
        Assert.Empty(proxy.Requests);
    }

    private DataSet Riddles => RiddleSet.With(RiddleSet.Serve(_server));

    private static DataSet<ImageData> Absent => TinySet.With("http://localhost/") with { Name = "absent", PackageName = "the package" };

    private void WriteTiny(string place, byte[]? test = null, string set = "tiny")
    {
        _folder.Write(Idx.Gzip(TinySet.Train), place, set, TinySet.TrainFile);
        _folder.Write(Idx.Gzip(test ?? TinySet.Test), place, set, TinySet.TestFile);
    }

    /// <summary>Another environment, and a web in which every request goes to one server.</summary>
    private sealed class Surroundings : IDisposable
    {
        private readonly IWebProxy _proxy = HttpClient.DefaultProxy;
        private readonly List<(string Name, string? Value)> _before = [];

        public Surroundings(string proxy, params (string Name, string? Value)[] variables)
        {
            HttpClient.DefaultProxy = new WebProxy(proxy);
            foreach (var (name, value) in variables)
            {
                _before.Add((name, Environment.GetEnvironmentVariable(name)));
                Environment.SetEnvironmentVariable(name, value);
            }
        }

        public void Dispose()
        {
            HttpClient.DefaultProxy = _proxy;
            foreach (var (name, value) in _before)
                Environment.SetEnvironmentVariable(name, value);
        }
    }
}
