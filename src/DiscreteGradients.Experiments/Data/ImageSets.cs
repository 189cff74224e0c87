namespace DiscreteGradients.Experiments;

/// <summary>The sets of 28x28 images by name.</summary>
internal static class ImageSets
{
    /// <summary>Finds, reads and verifies a set; <paramref name="data"/> is the folder given with --data, or null.</summary>
    /// <exception cref="OptionException">No such set, not found, or damaged.</exception>
    internal static ImageData Load(string name, string? data)
    {
        var folders = DataFolders.OfThisUser(data);
        return DataSets.Get<DataSet<ImageData>>(name).Load(folders);
    }

    /// <summary>Checks all that can be checked while the set is not there.</summary>
    /// <exception cref="OptionException">No such set or folder, or fewer training images than a batch.</exception>
    internal static void Check(string name, string? data, int? most, int batch, bool validation)
    {
        Require.AtLeast(1, most ?? 1, "images");
        _ = DataFolders.OfThisUser(data);
        var all = DataSets.Get<DataSet<ImageData>>(name).Parts.Single(part => part.Name == "train").Count;
        var train = validation ? ImageData.WithoutValidation(name, all) : all;
        if (batch > most && most < train)
            throw new OptionException($"--batch must be at most the {most} training images that --images asks for; got {batch}.");
        if (batch > train)
            throw new OptionException($"--batch must be at most the {train} training images of '{name}'; got {batch}.");
    }
}
