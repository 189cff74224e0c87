using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Encodings.Web;

namespace DiscreteGradients.Experiments;

/// <summary>
/// Named tensors and texts in the safetensors format: the length of a JSON header, the header with the dtype, shape and place of each
/// tensor, the data.
/// </summary>
/// <remarks>
/// Among the texts is the SHA-256 of the whole file, taken while its own 64 digits are zeros, so that every changed bit is found. Files are
/// untrusted: what is wrong with one is an <see cref="InvalidDataException"/> with the end of a sentence, and nothing is allocated on the
/// word of a header alone.
/// </remarks>
internal static class SafetensorsFile
{
    private const string MetadataName = "__metadata__";
    private const string ChecksumName = "sha256";
    private const int LargestHeader = 100_000_000;

    /// <summary>A state has some dozens of tensors, of a hundred bytes each in the header.</summary>
    private const int UsualHeader = 1 << 20;

    private static readonly string NoChecksum = new('0', 2 * SHA256.HashSizeInBytes);

    /// <summary>From the widest to the narrowest, the order in which data is written, so that all of it is aligned.</summary>
    private static readonly (string Name, ScalarType Type, int Size)[] DTypes =
        [("F64", ScalarType.Float64, 8), ("I64", ScalarType.Int64, 8), ("F32", ScalarType.Float32, 4), ("U8", ScalarType.Byte, 1)];

    private static readonly JsonSerializerOptions Json = new(StrictJson.Options) { RespectRequiredConstructorParameters = true };

    /// <summary>Writes tensors on the CPU and texts.</summary>
    internal static void Write(Stream stream, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> texts)
    {
        using var scope = NewDisposeScope();
        var ordered = tensors.OrderBy(t => Array.FindIndex(DTypes, d => d.Type == t.Value.dtype)).ThenBy(t => t.Key, StringComparer.Ordinal)
            .Select(t => (Name: t.Key, Tensor: t.Value.contiguous())).ToList();

        var header = Header(ordered, texts);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        foreach (var (_, tensor) in ordered)
            hash.AppendData(Data(tensor));
        Convert.ToHexStringLower(hash.GetHashAndReset()).Select(digit => (byte)digit).ToArray().CopyTo(Find(header, NoChecksum));

        stream.Write(header);
        foreach (var (_, tensor) in ordered)
            stream.Write(Data(tensor));
    }

    /// <summary>The texts of a file, of which nothing else is read: it may be damaged.</summary>
    /// <exception cref="InvalidDataException">Not such a file.</exception>
    internal static IReadOnlyDictionary<string, string> ReadTexts(string path)
    {
        using var file = File.OpenRead(path);
        var header = ReadHeader(file, UsualHeader);
        return Parse(header.AsMemory(sizeof(ulong)), file.Length - header.Length).Texts;
    }

    /// <summary>Reads all of a file. The caller disposes of the tensors.</summary>
    /// <param name="expected">Dtypes and shapes of the tensors that must be in it, and no others; null for any.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or not such a file.</exception>
    /// <exception cref="OtherStateException">It holds other tensors.</exception>
    internal static (IReadOnlyDictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Texts) Read(
        string path, IReadOnlyDictionary<string, (ScalarType Type, long[] Shape)>? expected = null)
    {
        using var file = File.OpenRead(path);
        var header = ReadHeader(file, expected is null ? LargestHeader : UsualHeader);
        var (entries, texts) = Parse(header.AsMemory(sizeof(ulong)), file.Length - header.Length);
        if (expected is not null)
            Compare(entries, expected);
        if (!texts.Remove(ChecksumName, out var checksum)
            || Find(header, checksum) is not { Length: > 0 } place
            || checksum.Length != NoChecksum.Length)
            throw new InvalidDataException("it carries no SHA-256");
        place.Fill((byte)'0');

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>();
        foreach (var (name, type, shape) in entries)
        {
            var tensor = empty(shape, type);
            file.ReadExactly(Data(tensor));
            hash.AppendData(Data(tensor));
            tensors.Add(name, tensor);
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != checksum)
            throw new InvalidDataException("its SHA-256 is not the one it carries");
        foreach (var tensor in tensors.Values)
            tensor.DetachFromDisposeScope();
        return (tensors, texts);
    }

    private static Span<byte> Data(Tensor tensor) => tensor.numel() == 0 ? [] : tensor.bytes;

    private static Span<byte> Find(byte[] header, string text) =>
        header.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text)) is >= 0 and var start ? header.AsSpan(start, text.Length) : [];

    /// <summary>The length, and the header padded with spaces to a multiple of 8 bytes.</summary>
    private static byte[] Header(List<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string> texts)
    {
        using var memory = new MemoryStream();
        memory.Write(new byte[sizeof(ulong)]);
        using (var json = new Utf8JsonWriter(memory, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartObject(MetadataName);
            json.WriteString(ChecksumName, NoChecksum);  // first, so that this is where it is looked for
            foreach (var (name, text) in texts)
                json.WriteString(name, text);
            json.WriteEndObject();

            var begin = 0L;
            foreach (var (name, tensor) in tensors)
            {
                var (dtype, _, size) = DTypes.Single(d => d.Type == tensor.dtype);
                var end = begin + (tensor.numel() * size);
                json.WritePropertyName(name);
                JsonSerializer.Serialize(json, new Entry(dtype, tensor.shape, [begin, end]), Json);
                begin = end;
            }

            json.WriteEndObject();
        }

        while (memory.Length % sizeof(ulong) != 0)
            memory.WriteByte((byte)' ');
        var header = memory.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - sizeof(ulong));
        return header;
    }

    private static byte[] ReadHeader(FileStream file, int most)
    {
        if (file.Length < sizeof(ulong))
            throw new InvalidDataException($"it has {file.Length} bytes");
        Span<byte> start = stackalloc byte[sizeof(ulong)];
        file.ReadExactly(start);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (length > (ulong)(file.Length - sizeof(ulong)))
            throw new InvalidDataException($"its header claims {length} bytes where {file.Length - sizeof(ulong)} follow");
        if (length > (ulong)most)
            throw new InvalidDataException($"its header has {length} bytes, more than the {most} that are read");
        var header = new byte[sizeof(ulong) + (int)length];
        start.CopyTo(header);
        file.ReadExactly(header.AsSpan(sizeof(ulong)));
        return header;
    }

    /// <summary>The tensors in the order of their data, which must fill the rest of the file without gap or overlap.</summary>
    private static (List<(string Name, ScalarType Type, long[] Shape)> Tensors, Dictionary<string, string> Texts) Parse(
        ReadOnlyMemory<byte> header, long length)
    {
        Dictionary<string, Entry> entries;
        Dictionary<string, string> texts;
        try
        {
            var elements = StrictJson.Read<Dictionary<string, JsonElement>>(header, Json);
            texts = elements.Remove(MetadataName, out var metadata) ? StrictJson.Read<Dictionary<string, string>>(metadata, Json) : [];
            entries = elements.ToDictionary(e => e.Key, e => StrictJson.Read<Entry>(e.Value, Json));
        }
        catch (WrongJsonException)
        {
            throw new InvalidDataException("its header is not that of a safetensors file");
        }

        var tensors = new List<(string, ScalarType, long[])>();
        var end = 0L;
        foreach (var (name, entry) in entries.OrderBy(e => e.Value.Offset(0)).ThenBy(e => e.Value.Offset(1)))
        {
            tensors.Add((name, entry.Check(name, end), entry.Shape));
            end = entry.DataOffsets[1];
        }

        return end == length ? (tensors, texts) : throw new InvalidDataException($"its tensors take {end} bytes where {length} follow");
    }

    private static void Compare(
        List<(string Name, ScalarType Type, long[] Shape)> entries, IReadOnlyDictionary<string, (ScalarType Type, long[] Shape)> expected)
    {
        foreach (var (name, type, shape) in entries)
        {
            if (!expected.TryGetValue(name, out var mine))
                throw new OtherStateException($"it holds '{StrictJson.Printable(name)}', which the run does not have");
            if (type != mine.Type || !shape.SequenceEqual(mine.Shape))
                throw new OtherStateException($"its '{name}' is {Kind(type, shape)} where {Kind(mine.Type, mine.Shape)} belongs");
        }

        if (expected.Keys.FirstOrDefault(name => !entries.Exists(entry => entry.Name == name)) is { } missing)
            throw new OtherStateException($"it lacks '{missing}'");

        static string Kind(ScalarType type, long[] shape) => $"{type} [{string.Join(", ", shape)}]";
    }

    private sealed record Entry(string Dtype, long[] Shape, long[] DataOffsets)
    {
        /// <summary>The dtype, if the tensor can begin at that byte and needs as much as its place has.</summary>
        internal ScalarType Check(string name, long start)
        {
            var (_, type, size) = Array.Find(DTypes, d => d.Name == Dtype);
            if (size == 0)
            {
                throw new InvalidDataException(
                    $"'{name}' has dtype '{Dtype}', which is none of {string.Join(", ", DTypes.Select(d => d.Name))}");
            }

            if (DataOffsets is not [var begin, var end] || begin != start)
            {
                throw new InvalidDataException(
                    $"'{name}' has data offsets [{string.Join(", ", DataOffsets)}] where [{start}, ...] must come");
            }

            return Array.TrueForAll(Shape, n => n >= 0)
                && Elements() is { } elements
                && elements <= (end - begin) / size && elements * size == end - begin
                ? type
                : throw new InvalidDataException($"'{name}' has shape [{string.Join(", ", Shape)}] of {Dtype} from byte {begin} to {end}");
        }

        internal long Offset(int end) => DataOffsets is { Length: 2 } ? DataOffsets[end] : 0;

        /// <summary>Null for a shape that even its strides overflow of.</summary>
        private long? Elements()
        {
            try
            {
                var all = Shape.Aggregate(1L, (product, n) => checked(product * Math.Max(n, 1)));
                return Shape.Contains(0) ? 0 : all;
            }
            catch (OverflowException)
            {
                return null;
            }
        }
    }
}

/// <summary>A state that may be whole, but is none of this run. The message is the end of a sentence.</summary>
internal sealed class OtherStateException(string message) : Exception(message);
