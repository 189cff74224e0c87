using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>A text as numbers: its characters, in the order of their code points, are 0, 1, …</summary>
/// <param name="Characters">The distinct characters.</param>
/// <param name="Indices">The character at each place.</param>
internal sealed record CharacterText(IReadOnlyList<string> Characters, int[] Indices)
{
    /// <summary>What a file must be, for sentences.</summary>
    internal const string Kind = "a text in UTF-8";

    /// <summary>The first nine tenths, for training.</summary>
    internal ReadOnlyMemory<int> Train => Indices.AsMemory(0, TrainLength);

    /// <summary>The rest, for validation.</summary>
    internal ReadOnlyMemory<int> Valid => Indices.AsMemory(TrainLength);

    private int TrainLength => (int)(9L * Indices.Length / 10);

    /// <summary>Characters of the shortest text whose last tenth is so long.</summary>
    internal static int ShortestWith(int valid) => (10 * (valid - 1)) + 1;

    /// <summary>The text of some bytes; a byte order mark at the start is none of its characters.</summary>
    /// <exception cref="OptionException">There is no text, or the bytes are not UTF-8.</exception>
    internal static CharacterText Parse(string path, ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        if (bytes.IsEmpty)
            throw new OptionException($"'{path}' is empty; expected {Kind}.");
        var runes = new List<Rune>(bytes.Length);
        for (int at = 0, length; at < bytes.Length; at += length)
        {
            if (Rune.DecodeFromUtf8(bytes[at..], out var rune, out length) != System.Buffers.OperationStatus.Done)
                throw new OptionException($"'{path}' is not {Kind}: byte {at + 1} begins no character; save it as UTF-8.");
            runes.Add(rune);
        }

        var characters = runes.Distinct().Order().ToList();
        var numbers = characters.Index().ToDictionary(character => character.Item, character => character.Index);
        return new CharacterText([.. characters.Select(rune => rune.ToString())], [.. runes.Select(rune => numbers[rune])]);
    }

    /// <summary>Reads a user's file.</summary>
    /// <exception cref="OptionException">It cannot be read, or is no text.</exception>
    internal static CharacterText Read(string path) => Parse(path, UserFile.Read(path, Kind));
}

/// <summary>The sets of text.</summary>
internal static class TextSets
{
    internal const string Name = "tiny-shakespeare";

    internal static DataSet<CharacterText> TinyShakespeare { get; } = new(
        Name,
        "Plays of Shakespeare, a million characters in one file; collected by Andrej Karpathy, 2015; the text is in the public domain.",
        [new DataFile("input.txt", 1_115_394, "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed") { IsGzip = false }],
        [new("train", 1_003_854, "training"), new("valid", 111_540, "validation characters")],
        files => files[0].ReadText(CharacterText.Kind, text => CharacterText.Parse(files[0].Path, Encoding.UTF8.GetBytes(text))))
    {
        Homes = ["https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"],
    };
}
