using System.Security.Cryptography;
using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>
/// All images in one file, and a table that says which are for training, which for testing, and which are left over so that the two have
/// the sizes of the split that is usual in the field.
/// </summary>
internal sealed record OmniglotSet(string Name, DataFile Images, DataFile Index, int Train = 24_345)
    : ImageSet(Name, [Images, Index], Train)
{
    internal const string ImageFile = "omniglot28-images-idx3-ubyte";
    internal const string IndexFile = "omniglot-index.tsv";

    private const int LargestIndex = 1 << 24;
    private static readonly string[] Columns = ["index", "set", "alphabet", "character", "file_id", "drawer", "split"];

    protected override ImageData Read(IReadOnlyList<string> paths)
    {
        var images = IdxFile.ReadImages(paths[0], ImageData.Side, ImageData.Side, IdxFile.Count(Images.Bytes, ImageData.Pixels));
        Images.Check(paths[0], Name, images.Sha256);
        var splits = Splits(paths[1], images.Count);
        return new ImageData(Name, Of("train"), Of("test"));

        byte[] Of(string split)
        {
            var members = splits.Index().Where(image => image.Item == split).Select(image => image.Index).ToList();
            var pixels = new byte[members.Count * ImageData.Pixels];
            foreach (var (to, from) in members.Index())
                images.Pixels.AsSpan(from * ImageData.Pixels, ImageData.Pixels).CopyTo(pixels.AsSpan(to * ImageData.Pixels));
            return pixels;
        }
    }

    /// <summary>The split of each image.</summary>
    private List<string> Splits(string path, int images)
    {
        var bytes = DataFile.Read(path, "a table of images", ReadAll);
        if (bytes.Length > LargestIndex)
            throw new OptionException($"'{path}' is larger than the {LargestIndex} bytes that are read.");
        var lines = Encoding.UTF8.GetString(bytes).Split('\n');
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

        Index.Check(path, Name, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        return splits;
    }

    /// <summary>All bytes, or one more than may be.</summary>
    private static byte[] ReadAll(Stream content)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int got; bytes.Length <= LargestIndex && (got = content.Read(buffer)) > 0;)
            bytes.Write(buffer, 0, got);
        return bytes.ToArray();
    }

    private static string Printable(string word) =>
        string.Concat(word.Take(20).Select(letter => char.IsControl(letter) ? '?' : letter)) + (word.Length > 20 ? "..." : "");
}
