using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Data;

public sealed class ImageSetsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Looks_in_the_option_the_variable_the_cache_and_the_package_in_this_order()
    {
        var environment = new Dictionary<string, string>
        {
            ["DGRAD_DATA"] = "/variable",
            ["XDG_CACHE_HOME"] = "/cache",
            ["HOME"] = "/home/me",
        };
        var folders = new DataFolders("/option", environment.GetValueOrDefault, IsWindows: false);

        var places = folders.Places("mnist", "/package").Select(place => $"{place.Folder} ({place.Words})");

        Assert.Equal(
            [
                Path.Combine("/option", "mnist") + " (--data)", Path.Combine("/variable", "mnist") + " ($DGRAD_DATA)",
                Path.Combine("/cache", "dgrad", "mnist") + " (the cache)", "/package (the system's package)",
            ],
            places);
    }

    [Theory]
    [InlineData(false, "XDG_CACHE_HOME", "relative", "/home/me/.cache/dgrad/mnist")]
    [InlineData(false, "LOCALAPPDATA", "/local", "/home/me/.cache/dgrad/mnist")]
    [InlineData(true, "LOCALAPPDATA", "/local", "/local/dgrad/mnist")]
    [InlineData(true, "XDG_CACHE_HOME", "/cache", null)]
    public void The_cache_is_the_systems(bool isWindows, string variable, string value, string? expected)
    {
        var environment = new Dictionary<string, string> { [variable] = value, ["HOME"] = "/home/me" };

        var places = new DataFolders(null, environment.GetValueOrDefault, isWindows).Places("mnist", package: null);

        Assert.Equal(expected, places.Select(place => place.Folder.Replace('\\', '/')).SingleOrDefault());
    }

    [Fact]
    public void The_first_place_that_holds_a_file_of_the_set_wins()
    {
        var (train, test) = (Idx.Images(3), Idx.Images(2));
        foreach (var place in new[] { "variable", "package" })
        {
            _folder.Write(place == "variable" ? Idx.Gzip(train) : [], place, "tiny", IdxSet.TrainFile + (place == "variable" ? ".gz" : ""));
            _folder.Write(place == "variable" ? test : [], place, "tiny", IdxSet.TestFile);
        }

        var data = Set(train, test).Load(Folders(option: "option", variable: "variable"));

        Assert.Equal("tiny", data.Name);
        Assert.Equal((3, 2), (data.TrainCount, data.TestCount));
        Assert.Equal(train[16..], data.Train);
        Assert.Equal(test[16..], data.Test);
    }

    [Fact]
    public void The_systems_package_is_the_last_resort()
    {
        var (train, test) = (Idx.Images(3), Idx.Images(2));
        _folder.Write(train, "package", "tiny", IdxSet.TrainFile);
        _folder.Write(test, "package", "tiny", IdxSet.TestFile);

        Assert.Equal(3, Set(train, test).Load(Folders(option: "option", variable: "variable")).TrainCount);
    }

    [Fact]
    public void A_set_that_is_nowhere_is_one_sentence_with_all_places_and_the_remedy()
    {
        var error = Assert.Throws<OptionException>(() => Set([], []).Load(Folders(option: "option", variable: "variable")));

        Assert.Equal(
            $"Data set 'tiny' was not found; looked in {_folder["option", "tiny"]} (--data), {_folder["variable", "tiny"]} ($DGRAD_DATA), "
            + $"{_folder["cache", "dgrad", "tiny"]} (the cache), {_folder["package", "tiny"]} (the system's package). "
            + "Install the package, or put train-images-idx3-ubyte.gz and t10k-images-idx3-ubyte.gz into DIR/tiny and give --data DIR, "
            + "or use --dataset made-digits, which is drawn by code.",
            error.Message);
    }

    [Theory]
    [InlineData(false, ". Install the package, or run 'dgrad data fetch tiny', or put ")]
    [InlineData(true, ", and DGRAD_OFFLINE forbids a download. Install the package, or put ")]
    public void A_set_that_could_be_downloaded_says_so(bool offline, string words)
    {
        var set = Set([], []) with { Homes = ["http://localhost/"] };

        var error = Assert.Throws<OptionException>(() => set.Load(Folders(offline: offline)));

        Assert.Equal(
            $"Data set 'tiny' was not found; looked in {_folder["cache", "dgrad", "tiny"]} (the cache), "
            + $"{_folder["package", "tiny"]} (the system's package)"
            + $"{words}train-images-idx3-ubyte.gz and t10k-images-idx3-ubyte.gz into DIR/tiny and give --data DIR, "
            + "or use --dataset made-digits, which is drawn by code.",
            error.Message);
        Assert.Equal(set, error.Missing?.Set);
    }

    [Theory]
    [InlineData("train-images.idx3-ubyte", "t10k-images.idx3-ubyte")]
    [InlineData("train-images.idx3-ubyte.gz", "t10k-images.idx3-ubyte.gz")]
    [InlineData("train-images.idx3-ubyte", "t10k-images-idx3-ubyte.gz")]
    public void Dotted_names_are_as_good_as_dashed_ones(string trainName, string testName)
    {
        var (train, test) = (Idx.Images(3), Idx.Images(2));
        _folder.Write(trainName.EndsWith(".gz", StringComparison.Ordinal) ? Idx.Gzip(train) : train, "variable", "tiny", trainName);
        _folder.Write(testName.EndsWith(".gz", StringComparison.Ordinal) ? Idx.Gzip(test) : test, "variable", "tiny", testName);

        var data = Set(train, test).Load(Folders(variable: "variable"));

        Assert.Equal((3, 2), (data.TrainCount, data.TestCount));
    }

    [Fact]
    public void A_file_goes_before_a_folder_of_another_of_its_names()
    {
        var (train, test) = (Idx.Images(3), Idx.Images(2));
        foreach (var (name, bytes) in new[] { ("train-images", train), ("t10k-images", test) })
        {
            _folder.Write(bytes, "variable", "tiny", $"{name}-idx3-ubyte", $"{name}-idx3-ubyte");
            _folder.Write(bytes, "variable", "tiny", $"{name}.idx3-ubyte");
        }

        Assert.Equal(3, Set(train, test).Load(Folders(variable: "variable")).TrainCount);
    }

    [Fact]
    public void Without_a_home_folder_no_folder_is_named()
    {
        var set = Set([], []) with { Package = null, PackageName = null };

        var error = Assert.Throws<OptionException>(() => set.Load(new DataFolders(null, _ => null, IsWindows: false)));

        Assert.Equal(
            "Data set 'tiny' was not found; looked in no folder, for lack of a home folder. "
            + "Put train-images-idx3-ubyte.gz and t10k-images-idx3-ubyte.gz into DIR/tiny and give --data DIR, "
            + "or use --dataset made-digits, which is drawn by code.",
            error.Message);
    }

    [Fact]
    public void Half_a_set_is_named()
    {
        var train = Idx.Images(3);
        _folder.Write(train, "variable", "tiny", IdxSet.TrainFile);

        var error = Assert.Throws<OptionException>(() => Set(train, []).Load(Folders(variable: "variable")));

        Assert.Equal(
            $"'{_folder["variable", "tiny"]}' holds no t10k-images-idx3-ubyte or t10k-images-idx3-ubyte.gz, only the other half of 'tiny'.",
            error.Message);
    }

    [Fact]
    public void Other_bytes_than_the_published_ones_are_refused()
    {
        var (train, other) = (Idx.Images(3), Idx.Images(3));
        other[100] ^= 1;
        var path = _folder.Write(other, "variable", "tiny", IdxSet.TrainFile);
        _folder.Write(train, "variable", "tiny", IdxSet.TestFile);

        var error = Assert.Throws<OptionException>(() => Set(train, []).Load(Folders(variable: "variable")));

        Assert.Equal(
            $"'{path}' is not the file of 'tiny': the sha256 of its uncompressed bytes must be {Idx.Sha256(train)}; "
            + $"got {Idx.Sha256(other)}.",
            error.Message);
    }

    [Fact]
    public void A_file_of_more_images_than_the_set_has_is_refused_by_its_header()
    {
        var train = _folder.Write(Idx.Bytes(60_001, 0), "variable", "tiny", IdxSet.TrainFile);
        _folder.Write(Idx.Images(2), "variable", "tiny", IdxSet.TestFile);

        Assert.Equal(
            $"'{train}' claims 60001 images; expected 60000.",
            Assert.Throws<OptionException>(() => Set([], []).Load(Folders(variable: "variable"))).Message);
    }

    [Fact]
    public void An_unknown_set_is_suggested()
    {
        var error = Assert.Throws<OptionException>(() => ImageSets.Load("mnst", null));

        Assert.Equal("Unknown dataset 'mnst'. Did you mean 'mnist'?", error.Message);
    }

    [Fact]
    public void A_data_folder_that_does_not_exist_is_named()
    {
        var folder = _folder["nowhere"];

        var error = Assert.Throws<OptionException>(() => ImageSets.Load("mnist", folder));

        Assert.Equal($"--data must be an existing folder that holds one folder per data set; got '{folder}'.", error.Message);
    }

    [Theory]
    [InlineData("mnist", 60_000, 10_000, 0.1307)]
    [InlineData("fashion-mnist", 60_000, 10_000, 0.2860)]
    [InlineData("omniglot", 24_345, 8_070, 0.0804)]
    public void The_published_sets_are_what_they_should_be(string name, int train, int test, double mean)
    {
        ImageData data;
        try
        {
            data = ImageSets.Load(name, null);
        }
        catch (OptionException absent) when (absent.Message.Contains("was not found", StringComparison.Ordinal))
        {
            Assert.Skip(absent.Message);
            throw;
        }

        Assert.Equal((train, test), (data.TrainCount, data.TestCount));
        Assert.Equal(ImageData.Parts(train, test), DataSets.Get<DataSet>(name).Parts);
        Assert.Equal(mean, data.Train.Average(pixel => pixel / 255.0), 4);
    }

    private DataSet<ImageData> Set(byte[] train, byte[] test) =>
        IdxSet.Of("tiny", "A few images.", Idx.Sha256(train), Idx.Sha256(test)) with
        {
            Package = _folder["package", "tiny"],
            PackageName = "the package",
        };

    private DataFolders Folders(string? option = null, string? variable = null, bool offline = false) => new(
        option is null ? null : _folder[option],
        name => name == "DGRAD_OFFLINE" && offline ? "1"
            : name == "DGRAD_DATA" && variable is not null ? _folder[variable]
            : name == "XDG_CACHE_HOME" ? _folder["cache"]
            : null,
        IsWindows: false);
}
