namespace DiscreteGradients.Experiments;

/// <summary>
/// All images in one file, and a table that says which are for training, which for testing, and which are left over so that the two have
/// the sizes of the split that is usual in the field.
/// </summary>
internal static class OmniglotSet
{
    internal const string ImageFile = "omniglot28-images-idx3-ubyte";
    internal const string IndexFile = "omniglot-index.tsv";

    private static readonly string[] Columns = ["index", "set", "alphabet", "character", "file_id", "drawer", "split"];

    internal static ImageData Read(IReadOnlyList<FoundFile> files)
    {
        var images = IdxFile.ReadImages(files[0]);
        var splits = files[1].ReadText(
            "a table of images", text => Splits(files[1].Path, text.Split('\n'), images.Length / ImageData.Pixels));
        return new ImageData(files[0].Set, Of("train"), Of("test"));

        byte[] Of(string split)
        {
            var members = splits.Index().Where(image => image.Item == split).Select(image => image.Index).ToList();
            var pixels = new byte[members.Count * ImageData.Pixels];
            foreach (var (to, from) in members.Index())
                images.AsSpan(from * ImageData.Pixels, ImageData.Pixels).CopyTo(pixels.AsSpan(to * ImageData.Pixels));
            return pixels;
        }
    }

    /// <summary>The split of each image.</summary>
    private static List<string> Splits(string path, string[] lines, int images)
    {
        if (lines[0] != string.Join('\t', Columns))
            throw new OptionException($"'{path}' does not begin with the column names {string.Join(", ", Columns)}.");
        if (lines[^1].Length > 0)
            throw new OptionException($"'{path}' is cut off: line {lines.Length} has no end.");
        if (lines.Length - 2 != images)
            throw new OptionException($"'{path}' has {lines.Length - 2} rows; expected one for each of the {images} images.");

        var splits = new List<string>(images);
        foreach (var (row, line) in lines[1..^1].Index())
        {
            var cells = line.Split('\t');
            if (cells.Length != Columns.Length)
                throw new OptionException($"Line {row + 2} of '{path}' has {cells.Length} columns; expected {Columns.Length}.");
            if (cells[0] != row.ToString())
                throw new OptionException($"Line {row + 2} of '{path}' must describe image {row}; got '{Printable(cells[0])}'.");
            if (cells[^1] is not ("train" or "test" or "spare"))
                throw new OptionException($"Line {row + 2} of '{path}' must end with train, test or spare; got '{Printable(cells[^1])}'.");
            splits.Add(cells[^1]);
        }

        return splits;
    }

    private static string Printable(string word) =>
        string.Concat(word.Take(20).Select(letter => char.IsControl(letter) ? '?' : letter)) + (word.Length > 20 ? "..." : "");
}
