using System.Buffers.Binary;
using System.Text;

namespace DiscreteGradients.Cli.Tests.Plots;

/// <summary>Reads files of TensorBoard events from their specification, sharing no code with the writer.</summary>
internal static class EventReader
{
    internal sealed record Event(double WallTime, long Step, string? FileVersion, long? Session, IReadOnlyList<Value> Values);

    internal sealed record Value(string Tag, float? Scalar, (long Height, long Width, long Channels, byte[] Png)? Image);

    /// <summary>Whole records; a cut-off last one is left out. Checksums are checked.</summary>
    internal static IReadOnlyList<Event> Read(byte[] file)
    {
        var events = new List<Event>();
        for (var at = 0; at + 12 <= file.Length;)
        {
            var length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at)));
            Assert.Equal(Masked(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            if (at + 16 + length > file.Length)
                break;
            var data = file.AsSpan(at + 12, length);
            Assert.Equal(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            events.Add(ParseEvent(data.ToArray()));
            at += 16 + length;
        }

        return events;
    }

    /// <summary>CRC-32C bit by bit, from its polynomial.</summary>
    internal static uint Crc32C(ReadOnlySpan<byte> data)
    {
        var crc = 0xFFFFFFFFu;
        foreach (var b in data)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
        }

        return ~crc;
    }

    private static uint Masked(ReadOnlySpan<byte> data)
    {
        var crc = Crc32C(data);
        return unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8u);
    }

    private static Event ParseEvent(byte[] data)
    {
        var fields = Fields(data).ToDictionary(f => f.Number, f => f.Value);
        return new Event(
            BitConverter.Int64BitsToDouble((long)fields[1]), (long)fields[2],
            fields.TryGetValue(3, out var version) ? Encoding.UTF8.GetString((byte[])version) : null,
            fields.TryGetValue(7, out var session) ? (long)Assert.Single(Fields((byte[])session)).Value : null,
            fields.TryGetValue(5, out var summary) ? [.. Fields((byte[])summary).Select(f => ParseValue((byte[])f.Value))] : []);
    }

    private static Value ParseValue(byte[] data)
    {
        var fields = Fields(data).ToDictionary(f => f.Number, f => f.Value);
        (long, long, long, byte[])? image = null;
        if (fields.TryGetValue(4, out var bytes))
        {
            var parts = Fields((byte[])bytes).ToDictionary(f => f.Number, f => f.Value);
            image = ((long)parts[1], (long)parts[2], (long)parts[3], (byte[])parts[4]);
        }

        return new Value(
            Encoding.UTF8.GetString((byte[])fields[1]),
            fields.TryGetValue(2, out var bits) ? BitConverter.Int32BitsToSingle((int)(long)bits) : null,
            image);
    }

    private static List<(int Number, object Value)> Fields(byte[] data)
    {
        var fields = new List<(int, object)>();
        for (var at = 0; at < data.Length;)
        {
            var key = Varint(data, ref at);
            object value;
            switch (key & 7)
            {
                case 0:
                    value = Varint(data, ref at);
                    break;
                case 1:
                    value = BinaryPrimitives.ReadInt64LittleEndian(data.AsSpan(at));
                    at += 8;
                    break;
                case 5:
                    value = (long)BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan(at));
                    at += 4;
                    break;
                default:
                    Assert.Equal(2, key & 7);
                    var length = (int)Varint(data, ref at);
                    value = data[at..(at + length)];
                    at += length;
                    break;
            }

            fields.Add(((int)(key >> 3), value));
        }

        return fields;
    }

    private static long Varint(byte[] data, ref int at)
    {
        long value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var b = data[at++];
            value |= (long)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }
    }
}
