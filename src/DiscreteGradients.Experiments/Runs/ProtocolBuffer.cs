using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>A message in the wire format of protocol buffers, field by field.</summary>
internal sealed class ProtocolBuffer
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    internal ProtocolBuffer Varint(int field, long value)
    {
        Key(field, 0);
        Varint((ulong)value);
        return this;
    }

    internal ProtocolBuffer Double(int field, double value)
    {
        Key(field, 1);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        _bytes.Write(bytes);
        return this;
    }

    internal ProtocolBuffer Float(int field, float value)
    {
        Key(field, 5);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _bytes.Write(bytes);
        return this;
    }

    internal ProtocolBuffer Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Key(field, 2);
        Varint((ulong)bytes.Length);
        _bytes.Write(bytes);
        return this;
    }

    internal ProtocolBuffer Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    internal ProtocolBuffer Message(int field, ProtocolBuffer message) => Bytes(field, message.ToArray());

    internal byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    private void Key(int field, int wireType) => Varint((ulong)(field << 3 | wireType));

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            _bytes.Write([(byte)(value | 0x80)]);
        _bytes.Write([(byte)value]);
    }
}
