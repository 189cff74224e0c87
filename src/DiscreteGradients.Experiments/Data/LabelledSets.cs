namespace DiscreteGradients.Experiments;

/// <summary>The sets of images with labels.</summary>
internal static class LabelledSets
{
    private const string Cifar = "cifar10";

    private static readonly string[] Things =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    private static readonly string[] Clothes =
        ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

    private static readonly string[] Digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

    /// <summary>The published images.</summary>
    internal static DataSet<LabelledImages> Cifar10 { get; } = new(
        Cifar,
        "Small photographs of ten kinds of things; Krizhevsky, 2009; no formal licence.",
        [
            Batch("data_batch_1", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
            Batch("data_batch_2", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
            Batch("data_batch_3", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
            Batch("data_batch_4", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
            Batch("data_batch_5", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
            Batch("test_batch", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
        ],
        ImageData.Parts(50_000, 10_000),
        files => new LabelledImages(Cifar, 3, 32, Things, CifarFile.Read(files.Take(5), 32), CifarFile.Read(files[5], 32)))
    {
        Archive = new DataFile(
            "cifar-10-binary.tar.gz", 170_052_171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")
        {
            IsGzip = false,
            IsArchive = true,
        },
        Homes = ["https://www.cs.toronto.edu/~kriz/"],
        Instead = MadeShapes.Remedy,
    };

    /// <summary>The same images from a copy that lost something.</summary>
    internal static DataSet<LabelledImages> Cifar10Jpeg { get; } = new(
        "cifar10-jpeg",
        "CIFAR-10 from a copy of JPEG images; Krizhevsky, 2009; no formal licence.",
        [
            new DataFile("cifar10-jpeg-header.bin", 609, "9cf8fd2d6d4c4f73dda94e017337d60a2845d2784f136f1d75d4222e283c51aa"),
            new DataFile("cifar10-jpeg-train.pack", 15_741_251, "ac4eff8a73a24b34e93ee01b69752c5c6a873767674772a2d95b2986db01de87"),
            new DataFile("cifar10-jpeg-test.pack", 3_149_662, "4ef6ee53720e2daacd8200129524ae7f07879bb3db7c3997b17d75bfde6ddfc9"),
        ],
        ImageData.Parts(50_000, 10_000),
        files =>
        {
            var header = JpegPack.ReadHeader(files[0]);
            return new LabelledImages(
                files[0].Set, 3, 32, Things,
                JpegPack.Read(files[1], header, 50_000, 32), JpegPack.Read(files[2], header, 10_000, 32));
        })
    {
        SharedFolder = Cifar,
        Caveat = "compressed with loss, at about quality 75; accuracies on it are not those of CIFAR-10.",
        Instead = MadeShapes.Remedy,
    };

    /// <summary>A part of the lossy copy at half the size.</summary>
    internal static DataSet<LabelledImages> Cifar10At16 { get; } = new(
        "cifar10-16x16",
        "A part of CIFAR-10 at 16x16 pixels, from a copy of JPEG images; Krizhevsky, 2009; no formal licence.",
        [
            CifarFile.Of("cifar10-16x16-train.bin", 20_000, 16, "45b5728bd93100b8cb533dfbe289ef2a69e3f6e32748324a36ab36e62925e9f8"),
            CifarFile.Of("cifar10-16x16-test.bin", 5_000, 16, "0ff510f21de222fee52e5b19571a5bddb1815397635ab55535aa3e978715d237"),
        ],
        ImageData.Parts(20_000, 5_000),
        files => new LabelledImages(files[0].Set, 3, 16, Things, CifarFile.Read(files[0], 16), CifarFile.Read(files[1], 16)))
    {
        SharedFolder = Cifar,
        Caveat = "a part of CIFAR-10 at half its size, from JPEG images; accuracies on it are not those of CIFAR-10.",
        Instead = MadeShapes.Remedy,
    };

    /// <summary>Their names.</summary>
    internal static IEnumerable<string> Names => All.Select(set => set.Name);

    /// <summary>Those that are declared with labels, and those whose labels are files of their own.</summary>
    private static IEnumerable<DataSet<LabelledImages>> All => DataSets.All.OfType<DataSet<LabelledImages>>()
        .Concat(DataSets.All.OfType<DataSet<ImageData>>().Where(set => set.Extras.Count > 0).Select(WithLabels));

    /// <exception cref="OptionException">There is none of this name.</exception>
    internal static DataSet<LabelledImages> Get(string name) => All.FirstOrDefault(set => set.Name == name)
        ?? throw new OptionException(Suggestion.Sentence("dataset", name, Names));

    /// <summary>Finds, reads and verifies a set; <paramref name="data"/> is the folder given with --data, or null.</summary>
    /// <exception cref="OptionException">No such set, not found, or damaged.</exception>
    internal static LabelledImages Load(string name, string? data) => Get(name).Load(DataFolders.OfThisUser(data));

    /// <summary>A set of images together with its files of labels.</summary>
    internal static DataSet<LabelledImages> WithLabels(DataSet<ImageData> set) => new(
        set.Name,
        set.About,
        [.. set.Files, .. set.Extras],
        set.Parts,
        files => new LabelledImages(
            set.Name, 1, ImageData.Side, set.Name == "fashion-mnist" ? Clothes : Digits,
            new LabelledPart(IdxFile.ReadImages(files[0]), IdxFile.ReadLabels(files[2])),
            new LabelledPart(IdxFile.ReadImages(files[1]), IdxFile.ReadLabels(files[3]))))
    {
        NeedsAll = true,
        Homes = set.Homes,
        Package = set.Package,
        PackageName = set.PackageName,
        Caveat = set.Caveat,
        Instead = MadeShapes.Remedy,
    };

    private static DataFile Batch(string name, string sha256) => CifarFile.Of($"{name}.bin", 10_000, 32, sha256) with
    {
        IsGzip = false,
        Alias = $"cifar-10-batches-bin/{name}.bin",
    };
}
