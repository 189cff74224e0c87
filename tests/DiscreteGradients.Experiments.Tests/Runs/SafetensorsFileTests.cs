using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Experiments.Tests.Runs;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_is_read_again()
    {
        using var scope = NewDisposeScope();
        var tensors = Tensors();

        var (read, texts) = SafetensorsFile.Read(Write(tensors, new() { ["b"] = "2 \"é\"", ["a"] = "" }));

        Assert.Equal(tensors.Keys.Order(), read.Keys.Order());
        Assert.All(tensors, t => Assert.Equal((t.Value.dtype, 0), (read[t.Key].dtype, (read[t.Key] != t.Value).sum().item<long>())));
        Assert.All(tensors, t => Assert.Equal(t.Value.shape, read[t.Key].shape));
        Assert.Equal(new Dictionary<string, string> { ["b"] = "2 \"é\"", ["a"] = "" }, texts);
        foreach (var tensor in read.Values)
            tensor.Dispose();
    }

    [Fact]
    public void A_file_is_as_the_format_says()
    {
        using var scope = NewDisposeScope();
        var file = File.ReadAllBytes(Write(Tensors(), new() { ["name"] = "value" }));

        var length = BinaryPrimitives.ReadInt64LittleEndian(file);
        Assert.Equal(0, length % 8);
        Assert.Equal((byte)'{', file[8]);
        var data = file.AsMemory(8 + (int)length);
        var header = JsonDocument.Parse(file.AsMemory(8, (int)length)).RootElement;
        Assert.All(header.GetProperty("__metadata__").EnumerateObject(), text => Assert.Equal(JsonValueKind.String, text.Value.ValueKind));
        var end = 0;
        foreach (var tensor in header.EnumerateObject().Where(p => p.Name != "__metadata__"))
        {
            var offsets = tensor.Value.GetProperty("data_offsets").EnumerateArray().Select(o => o.GetInt32()).ToArray();
            Assert.Equal(end, offsets[0]);
            end = offsets[1];
        }

        Assert.Equal(data.Length, end);
        Assert.Equal([1.5, -2], Values("doubles", "F64", [2], 8, bytes => BinaryPrimitives.ReadDoubleLittleEndian(bytes)));
        Assert.Equal([long.MaxValue], Values("scalar", "I64", [], 8, bytes => BinaryPrimitives.ReadInt64LittleEndian(bytes)));
        Assert.Equal([0, 3, 1, 4, 2, 5], Values("transposed", "F32", [3, 2], 4, bytes => BinaryPrimitives.ReadSingleLittleEndian(bytes)));
        Assert.Equal([7, 255, 0], Values("bytes", "U8", [3], 1, bytes => bytes[0]));

        T[] Values<T>(string name, string dtype, int[] shape, int size, Func<ReadOnlySpan<byte>, T> read)
        {
            var entry = header.GetProperty(name);
            Assert.Equal(dtype, entry.GetProperty("dtype").GetString());
            Assert.Equal(shape, entry.GetProperty("shape").EnumerateArray().Select(n => n.GetInt32()));
            var (begin, last) = (entry.GetProperty("data_offsets")[0].GetInt32(), entry.GetProperty("data_offsets")[1].GetInt32());
            Assert.Equal(0, begin % size);
            return [.. Enumerable.Range(0, (last - begin) / size).Select(i => read(data.Span[(begin + i * size)..]))];
        }
    }

    [Fact]
    public void A_changed_bit_in_any_byte_and_any_missing_end_is_found()
    {
        using var scope = NewDisposeScope();
        var path = Write(new() { ["w"] = arange(5, ScalarType.Float32) }, new() { ["name"] = "value" });
        var sound = File.ReadAllBytes(path);
        var before = LiveTensors.Count();

        for (var i = 0; i < sound.Length; i++)
        {
            var damaged = sound.ToArray();
            damaged[i] ^= (byte)(1 << i % 8);
            File.WriteAllBytes(path, damaged);
            Assert.Throws<InvalidDataException>(() => SafetensorsFile.Read(path));
        }

        for (var length = 0; length < sound.Length; length++)
        {
            File.WriteAllBytes(path, sound[..length]);
            Assert.Throws<InvalidDataException>(() => SafetensorsFile.Read(path));
        }

        Assert.Equal(before, LiveTensors.Count());
    }

    [Theory]
    [InlineData("{}", 0, "it carries no SHA-256")]
    [InlineData("[]", 0, "its header is not that of a safetensors file")]
    [InlineData("null", 0, "its header is not that of a safetensors file")]
    [InlineData("{\"w\":null}", 0, "its header is not that of a safetensors file")]
    [InlineData("{\"w\":3}", 0, "its header is not that of a safetensors file")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "its header is not that of a safetensors file")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4, "its header is not that of a safetensors file")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":null,\"data_offsets\":[0,4]}}", 4, "its header is not that of a safetensors file")]
    [InlineData(
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
        1,
        "its header is not that of a safetensors file")]
    [InlineData("{\"__metadata__\":{\"a\":1}}", 0, "its header is not that of a safetensors file")]
    [InlineData(
        "{\"w\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "'w' has dtype 'F16', which is none of F64, I64, F32, U8")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "'w' has shape [2] of F32 from byte 0 to 4")]
    [InlineData(
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[-1,-1],\"data_offsets\":[0,4]}}", 4, "'w' has shape [-1, -1] of F32 from byte 0 to 4")]
    [InlineData(
        "{\"w\":{\"dtype\":\"F64\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}",
        0,
        "'w' has shape [4294967296, 4294967296] of F64 from byte 0 to 0")]
    [InlineData(
        "{\"w\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}",
        0,
        "'w' has shape [2305843009213693952] of F64 from byte 0 to 0")]
    [InlineData(
        "{\"w\":{\"dtype\":\"F64\",\"shape\":[0,4294967296,4294967296],\"data_offsets\":[0,0]}}",
        0,
        "'w' has shape [0, 4294967296, 4294967296] of F64 from byte 0 to 0")]
    [InlineData(
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4, "'w' has data offsets [-4, 0] where [0, ...] must come")]
    [InlineData(
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "'w' has data offsets [0, 4, 8] where [0, ...] must come")]
    [InlineData(
        "{\"v\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
        6,
        "'w' has data offsets [2, 6] where [4, ...] must come")]
    [InlineData(
        "{\"v\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[6,10]}}",
        10,
        "'w' has data offsets [6, 10] where [4, ...] must come")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "its tensors take 8 bytes where 4 follow")]
    [InlineData(
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1000000000000],\"data_offsets\":[0,4000000000000]}}",
        4,
        "its tensors take 4000000000000 bytes where 4 follow")]
    [InlineData("{\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 2, "its tensors take 1 bytes where 2 follow")]
    public void A_header_that_lies_is_refused(string header, int data, string reason)
    {
        var bytes = Encoding.UTF8.GetBytes(header);
        var path = _folder.Write([.. BitConverter.GetBytes((long)bytes.Length), .. bytes, .. new byte[data]], "file");

        Assert.Equal(reason, Assert.Throws<InvalidDataException>(() => SafetensorsFile.Read(path)).Message);
    }

    [Theory]
    [InlineData(new byte[0], "it has 0 bytes")]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 0, 0, 0, 123 }, "its header claims 2 bytes where 1 follow")]
    [InlineData(
        new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, 123, 125 }, "its header claims 18446744073709551615 bytes where 2 follow")]
    public void A_header_length_that_lies_is_refused(byte[] bytes, string reason) =>
        Assert.Equal(reason, Assert.Throws<InvalidDataException>(() => SafetensorsFile.Read(_folder.Write(bytes, "file"))).Message);

    [Fact]
    public void The_checksum_is_that_of_the_file_with_zeros_in_its_place()
    {
        using var scope = NewDisposeScope();
        var file = Encoding.Latin1.GetString(File.ReadAllBytes(Write(Tensors(), [])));
        const string field = "\"sha256\":\"";
        var place = file.IndexOf(field, StringComparison.Ordinal) + field.Length;

        var zeros = file[..place] + new string('0', 64) + file[(place + 64)..];

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.Latin1.GetBytes(zeros))), file[place..(place + 64)]);
    }

    private static Dictionary<string, Tensor> Tensors() => new()
    {
        ["bytes"] = tensor(new byte[] { 7, 255, 0 }),
        ["transposed"] = arange(6, ScalarType.Float32).view(2, 3).t(),
        ["doubles"] = tensor(new[] { 1.5, -2 }),
        ["scalar"] = tensor(long.MaxValue),
        ["empty"] = zeros(2, 0),
    };

    private string Write(Dictionary<string, Tensor> tensors, Dictionary<string, string> texts)
    {
        using (var stream = File.Create(_folder["written"]))
            SafetensorsFile.Write(stream, tensors, texts);
        return _folder["written"];
    }
}
