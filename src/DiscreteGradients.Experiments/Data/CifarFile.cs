namespace DiscreteGradients.Experiments;

/// <summary>Files in the binary form of CIFAR-10: for each image its label, then all red, all green, all blue values by row.</summary>
internal static class CifarFile
{
    private const int Channels = 3;
    private const int Classes = 10;

    /// <summary>A file of so many square images.</summary>
    internal static DataFile Of(string name, int count, int side, string sha256) => new(name, (long)count * RecordBytes(side), sha256);

    /// <exception cref="OptionException">It is no whole file of such images, or not the published one.</exception>
    internal static LabelledPart Read(FoundFile file, int side) => file.Read(
        "a file of labelled images", content => Read(content, file, RecordBytes(side)));

    /// <summary>Several files as one.</summary>
    internal static LabelledPart Read(IEnumerable<FoundFile> files, int side)
    {
        var parts = files.Select(file => Read(file, side)).ToList();
        return new LabelledPart(Join(parts.ConvertAll(part => part.Pixels)), Join(parts.ConvertAll(part => part.Labels)));

        static byte[] Join(List<byte[]> pieces)
        {
            var all = new byte[pieces.Sum(piece => piece.Length)];
            var at = 0;
            foreach (var piece in pieces)
            {
                piece.CopyTo(all, at);
                at += piece.Length;
            }

            return all;
        }
    }

    /// <summary>A label that a set of ten classes has.</summary>
    /// <exception cref="OptionException">It is another number.</exception>
    internal static byte Label(int label, int image, string path) => label < Classes
        ? (byte)label
        : throw new OptionException($"'{path}' is damaged: image {image} has the label {label}; expected 0 to {Classes - 1}.");

    private static LabelledPart Read(Stream content, FoundFile file, int recordBytes)
    {
        var count = (int)(file.File.Bytes / recordBytes);
        var (pixels, labels, record) = (new byte[count * (recordBytes - 1)], new byte[count], new byte[recordBytes]);
        for (var i = 0; i < count; i++)
        {
            var got = FoundFile.Fill(record, content);
            if (got < recordBytes)
            {
                throw new OptionException(
                    $"'{file.Path}' is cut off: {Format.Count(count, "image")} of {recordBytes} bytes must be there; "
                    + $"it ends after {i} and {Format.Count(got, "byte")}.");
            }

            labels[i] = Label(record[0], i, file.Path);
            record.AsSpan(1).CopyTo(pixels.AsSpan(i * (recordBytes - 1)));
        }

        return content.ReadByte() < 0
            ? new LabelledPart(pixels, labels)
            : throw new OptionException($"'{file.Path}' goes on after {Format.Count(count, "image")} of {recordBytes} bytes.");
    }

    private static int RecordBytes(int side) => 1 + (Channels * side * side);
}
