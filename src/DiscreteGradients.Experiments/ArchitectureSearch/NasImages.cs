using System.Runtime.InteropServices;

namespace DiscreteGradients.Experiments;

/// <summary>Half of the training images: batches of them, flipped, shifted and normalised.</summary>
internal sealed class NasImages
{
    private readonly LabelledImages _images;
    private readonly int[] _members;
    private readonly float[] _levels;

    private NasImages(LabelledImages images, int[] members)
    {
        (_images, _members) = (images, members);
        _levels =
        [
            .. images.Statistics.SelectMany(channel => Enumerable.Range(0, byte.MaxValue + 1).Select(
                value => (float)(((double)value / byte.MaxValue - channel.Mean) / channel.Deviation))),
        ];
    }

    internal int Count => _members.Length;

    /// <summary>Two halves without a common image, the same in every run.</summary>
    /// <param name="most">At most so many images in each.</param>
    internal static (NasImages Weights, NasImages Architecture) Halves(LabelledImages images, int? most)
    {
        using var generator = new Generator(0);
        using var order = randperm(images.Train.Count, ScalarType.Int64, generator: generator);
        var members = Array.ConvertAll(order.data<long>().ToArray(), i => (int)i);
        var count = Math.Min(members.Length / 2, most ?? int.MaxValue);
        return (new(images, members[..count]), new(images, members[count..(2 * count)]));
    }

    /// <summary>Images [B, C, S, S] as they are, and their labels [B].</summary>
    internal (Tensor Images, Tensor Labels) Plain(IReadOnlyList<long> numbers, Device device) => Batch(numbers, null, device);

    /// <summary>
    /// The same in training: half of them flipped, all moved by up to an eighth of their side, with black beyond the rim.
    /// </summary>
    internal (Tensor Images, Tensor Labels) Augmented(IReadOnlyList<long> numbers, Generator generator, Device device)
    {
        var places = (2 * Margin) + 1;
        using var moves = randint(2 * places * places, numbers.Count, ScalarType.Int64, generator: generator);
        return Batch(numbers, moves.data<long>().ToArray(), device);
    }

    /// <summary>Numbers of images, drawn with replacement.</summary>
    internal long[] Draw(int count, Generator generator)
    {
        using var numbers = randint(Count, count, ScalarType.Int64, generator: generator);
        return numbers.data<long>().ToArray();
    }

    private int Margin => _images.Side / 8;

    private (Tensor Images, Tensor Labels) Batch(IReadOnlyList<long> numbers, long[]? moves, Device device)
    {
        var images = empty(numbers.Count, _images.Channels, _images.Side, _images.Side);
        var labels = new long[numbers.Count];
        var pixels = MemoryMarshal.Cast<byte, float>(images.bytes);
        for (var i = 0; i < numbers.Count; i++)
        {
            var member = _members[numbers[i]];
            labels[i] = _images.Train.Labels[member];
            var (places, move) = ((2 * Margin) + 1, moves?[i] ?? 0);
            var (isFlipped, down, right) = moves is null
                ? (false, 0, 0)
                : (move % 2 == 1, (int)(move / 2 % places) - Margin, (int)(move / 2 / places) - Margin);
            Write(
                _images.Train.Pixels.AsSpan(member * _images.Size, _images.Size), isFlipped, down, right,
                pixels.Slice(i * _images.Size, _images.Size));
        }

        return (images.to(device), tensor(labels, device: device));
    }

    private void Write(ReadOnlySpan<byte> image, bool isFlipped, int down, int right, Span<float> to)
    {
        var side = _images.Side;
        for (var channel = 0; channel < _images.Channels; channel++)
        {
            var levels = _levels.AsSpan(channel * (byte.MaxValue + 1), byte.MaxValue + 1);
            for (var y = 0; y < side; y++)
            {
                var row = to.Slice(((channel * side) + y) * side, side);
                var fromY = y + down;
                if (fromY < 0 || fromY >= side)
                {
                    row.Fill(levels[0]);
                    continue;
                }

                var from = image.Slice(((channel * side) + fromY) * side, side);
                for (var x = 0; x < side; x++)
                {
                    var fromX = isFlipped ? side - 1 - x - right : x + right;
                    row[x] = levels[fromX < 0 || fromX >= side ? 0 : from[fromX]];
                }
            }
        }
    }
}
