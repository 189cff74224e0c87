namespace DiscreteGradients.Experiments;

/// <summary>The data sets. One that is declared here is found, fetched, verified and listed like all others.</summary>
internal static class DataSets
{
    internal static IReadOnlyList<DataSet> All { get; } =
    [
        IdxSet.Of(
            "mnist",
            "Handwritten digits; LeCun, Bottou, Bengio, Haffner, 1998; no formal licence.",
            trainSha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            testSha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            labels: IdxSet.Labels(
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2")) with
        {
            Homes = ["https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"],
        },
        IdxSet.Of(
            "fashion-mnist",
            "Pictures of clothing; Xiao, Rasul, Vollgraf, 2017; MIT licence.",
            trainSha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            testSha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            labels: IdxSet.Labels(
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34")) with
        {
            Homes = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
            Package = "/usr/share/datasets/fashion-mnist",
            PackageName = "Debian's dataset-fashion-mnist",
        },
        new DataSet<ImageData>(
            "omniglot",
            "Characters of 50 alphabets, drawn by hand; Lake, Salakhutdinov, Tenenbaum, 2015; MIT licence.",
            [
                IdxFile.Of(OmniglotSet.ImageFile, 32_460, "52d91800db301388fa91f2af3c02d96d3fd08494bb7e941e553e252b87f0f9b9"),
                new DataFile(OmniglotSet.IndexFile, 1_446_663, "323db8e03e0a9ad9e396389d05c7333839c2399d9ff36a3717e1c28e9decc7a9"),
            ],
            ImageData.Parts(24_345, 8_070),
            OmniglotSet.Read)
        {
            Caveat = "its split has the sizes of the one by Burda et al. but not its members, "
                + "so likelihoods are not comparable to published ones.",
            Instead = MadeDigits.Remedy,
        },
        MadeDigits.Set,
        LabelledSets.Cifar10,
        LabelledSets.Cifar10Jpeg,
        LabelledSets.Cifar10At16,
        MadeShapes.Set,
        ListOpsSets.Set,
        ListOpsSets.MadeSet,
        TextSets.TinyShakespeare,
    ];

    /// <summary>The set of this name and type: a <see cref="DataSet{T}"/> for those that are read as one type.</summary>
    /// <exception cref="OptionException">There is none.</exception>
    internal static T Get<T>(string name)
        where T : DataSet => All.OfType<T>().FirstOrDefault(set => set.Name == name)
        ?? throw new OptionException(Suggestion.Sentence("dataset", name, All.OfType<T>().Select(set => set.Name)));
}
