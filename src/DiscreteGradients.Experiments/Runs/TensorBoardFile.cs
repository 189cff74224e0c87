using System.Buffers.Binary;
using System.Numerics;

namespace DiscreteGradients.Experiments;

/// <summary>A file of events for TensorBoard, which shows every folder with such files in it as a run.</summary>
/// <remarks>
/// The file is a TFRecord: each record is its length, the checksum of the length, the data and their checksum; the data are protocol
/// buffers of type <c>tensorflow.Event</c>. A record is handed to the operating system at once, so that a killed run keeps it.
/// </remarks>
internal sealed class TensorBoardFile
{
    private const string Prefix = "events.out.tfevents.";

    private readonly string _path;

    private TensorBoardFile(string path) => _path = path;

    /// <summary>Begins a file in a folder. What earlier files say of <paramref name="step"/> and later is void from then on.</summary>
    /// <param name="folder">The folder of the run; made if it is not there.</param>
    /// <param name="step">The first step that will be written.</param>
    public static TensorBoardFile Begin(string folder, long step)
    {
        Directory.CreateDirectory(folder);
        var earlier = Directory.GetFiles(folder, Prefix + "*").Select(Time).Order().ToList();
        // TensorBoard reads the files of a folder in the order of their names, which begin with the time in seconds.
        var time = Math.Max(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), earlier.Count == 0 ? 0 : earlier[^1] + 1);
        var file = new TensorBoardFile(Path.Combine(folder,
            string.Create(CultureInfo.InvariantCulture, $"{Prefix}{time:0000000000}.dgrad")));
        file.Append(Event(0).Text(3, "brain.Event:2"));
        if (earlier.Count > 0)
            file.Append(Event(step).Message(7, new ProtocolBuffer().Varint(1, 1)));  // session_log: START
        return file;
    }

    /// <summary>Adds one event with all numbers and pictures of a step.</summary>
    public void Append(long step, IEnumerable<(string Tag, double Value)> scalars, IEnumerable<TensorBoardImage> images)
    {
        var summary = new ProtocolBuffer();
        foreach (var (tag, value) in scalars)
            summary.Message(1, new ProtocolBuffer().Text(1, tag).Float(2, (float)value));
        foreach (var image in images)
        {
            var content = new ProtocolBuffer().Varint(1, image.Height).Varint(2, image.Width)
                .Varint(3, TensorBoardImage.Grey).Bytes(4, image.Png);
            summary.Message(1, new ProtocolBuffer().Text(1, image.Tag).Message(4, content));
        }

        Append(Event(step).Message(5, summary));
    }

    private static ProtocolBuffer Event(long step) =>
        new ProtocolBuffer().Double(1, (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).TotalSeconds).Varint(2, step);

    private void Append(ProtocolBuffer message)
    {
        var data = message.ToArray();
        var record = new byte[data.Length + 16];
        BinaryPrimitives.WriteInt64LittleEndian(record, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), Checksum(record.AsSpan(0, 8)));
        data.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + data.Length), Checksum(data));
        using var file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(record);
    }

    /// <summary>CRC-32C, masked as TFRecord wants it: a checksum of data that hold their own checksum is no good one.</summary>
    private static uint Checksum(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }

    private static long Time(string path) =>
        long.TryParse(Path.GetFileName(path)[Prefix.Length..].Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            ? time : 0;
}

/// <summary>A grey picture for TensorBoard.</summary>
internal sealed record TensorBoardImage(string Tag, int Width, int Height, byte[] Png)
{
    /// <summary>Number of colour channels.</summary>
    internal const int Grey = 1;
}
