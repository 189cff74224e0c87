namespace DiscreteGradients.Experiments;

/// <summary>The sets of 28x28 images by name: published ones, and the one drawn by code.</summary>
internal static class ImageSets
{
    /// <summary>The sets that are made of files.</summary>
    internal static IReadOnlyList<ImageSet> Published { get; } =
    [
        new IdxSet(
            "mnist",
            TrainSha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            TestSha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7")
        {
            Homes = ["https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"],
        },
        new IdxSet(
            "fashion-mnist",
            TrainSha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            TestSha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b")
        {
            Homes = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
            Package = "/usr/share/datasets/fashion-mnist",
            PackageName = "Debian's dataset-fashion-mnist",
        },
        new OmniglotSet(
            "omniglot",
            new DataFile(OmniglotSet.ImageFile, 25_448_656, "52d91800db301388fa91f2af3c02d96d3fd08494bb7e941e553e252b87f0f9b9"),
            new DataFile(OmniglotSet.IndexFile, 1_446_663, "323db8e03e0a9ad9e396389d05c7333839c2399d9ff36a3717e1c28e9decc7a9"))
        {
            Caveat = "its split has the sizes of the one by Burda et al. but not its members, so likelihoods are not comparable to published ones.",
        },
    ];

    internal static IEnumerable<string> Names => [.. Published.Select(set => set.Name), MadeDigits.Name];

    /// <summary>Finds, reads and verifies a set; <paramref name="data"/> is the folder given with --data, or null.</summary>
    /// <exception cref="OptionException">No such set, not found, or damaged.</exception>
    internal static ImageData Load(string name, string? data)
    {
        var folders = DataFolders.OfThisUser(data);
        return name == MadeDigits.Name ? MadeDigits.Draw() : Get(name).Load(folders);
    }

    /// <summary>Checks all that can be checked while the set is not there.</summary>
    /// <exception cref="OptionException">No such set or folder, or fewer training images than a batch.</exception>
    internal static void Check(string name, string? data, int batch, bool validation)
    {
        _ = DataFolders.OfThisUser(data);
        var all = name == MadeDigits.Name ? MadeDigits.Train : Get(name).Train;
        var train = validation ? ImageData.WithoutValidation(name, all) : all;
        if (batch > train)
            throw new OptionException($"--batch must be at most the {train} training images of '{name}'; got {batch}.");
    }

    /// <summary>A published set.</summary>
    /// <exception cref="OptionException">No such set.</exception>
    internal static ImageSet Get(string name) => Published.FirstOrDefault(set => set.Name == name)
        ?? throw new OptionException(Suggestion.Sentence("dataset", name, Names));
}
