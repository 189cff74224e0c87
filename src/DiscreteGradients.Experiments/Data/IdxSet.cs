namespace DiscreteGradients.Experiments;

/// <summary>Images in MNIST's form: a file for training and one for testing.</summary>
internal static class IdxSet
{
    internal const string TrainFile = "train-images-idx3-ubyte";
    internal const string TestFile = "t10k-images-idx3-ubyte";

    internal static DataSet<ImageData> Of(
        string name, string about, string trainSha256, string testSha256, int train = 60_000, int test = 10_000,
        params IReadOnlyList<DataFile> labels) =>
        new(
            name,
            about,
            [IdxFile.Of(TrainFile, train, trainSha256), IdxFile.Of(TestFile, test, testSha256)],
            ImageData.Parts(train, test),
            files => new ImageData(name, IdxFile.ReadImages(files[0]), IdxFile.ReadImages(files[1])))
        {
            Extras = labels,
            Instead = MadeDigits.Remedy,
        };

    /// <summary>The files of labels: for training, then for testing.</summary>
    internal static DataFile[] Labels(string trainSha256, string testSha256, int train = 60_000, int test = 10_000) =>
        [IdxFile.OfLabels("train-labels-idx1-ubyte", train, trainSha256), IdxFile.OfLabels("t10k-labels-idx1-ubyte", test, testSha256)];
}
