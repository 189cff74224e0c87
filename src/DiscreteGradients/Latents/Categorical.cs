using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DiscreteGradients;

/// <summary>The one sampler of the library: inverse CDF with 53-bit uniforms, on spans where it can, else in tensor operations.</summary>
/// <remarks>Logits are float32 or float64, [.., K]. Sample s of row r uses the noise's number s · rows + r.</remarks>
internal static class Categorical
{
    /// <summary>One-hot samples [S, .., K] in the logits' dtype.</summary>
    internal static Tensor Sample(Tensor logits, int samples, Noise noise)
    {
        Check.Room(samples, "samples", logits.shape, logits.dtype, logits.device);
        if (FusedSample.Takes(logits) && logits.shape[^1] <= RowLayout.ShortRow)
        {
            return logits.dtype == ScalarType.Float64
                ? SampleShort<double>(logits, samples, noise)
                : SampleShort<float>(logits, samples, noise);
        }

        return OneHot.Of(SampleIndex(logits, samples, noise), logits.shape[^1], logits.dtype);
    }

    /// <summary>Category indices [S, ..], int64.</summary>
    internal static Tensor SampleIndex(Tensor logits, int samples, Noise noise)
    {
        var categories = logits.shape[^1];
        long[] shape = [samples, .. logits.shape[..^1]];
        Check.Room(samples, "samples", logits.shape.AsSpan()[..^1], ScalarType.Int64, logits.device);

        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var flat = logits.detach().reshape(logits.numel() / categories, categories);
        var spans = flat.device_type == DeviceType.CPU && categories * flat.element_size() <= int.MaxValue;  // what a row's span can hold
        var index = spans ? SearchSpans(flat, samples, noise) : SearchTensors(flat, samples, noise);
        return index.reshape(shape).MoveToOuterDisposeScope();
    }

    /// <summary>p [.., K] without a graph, zero for a masked category.</summary>
    internal static Tensor Probabilities(Tensor logits)
    {
        using var _ = no_grad();
        if (!FusedSample.Takes(logits) || logits.numel() == 0)
            return logits.softmax(-1);

        using var scope = NewDisposeScope();
        var rows = logits.contiguous();
        var result = empty_like(rows);
        if (rows.dtype == ScalarType.Float64)
            Normalize<double>(rows, result);
        else
            Normalize<float>(rows, result);
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>The search in tensor operations, for any device. logits [R, K] → [S, R].</summary>
    internal static Tensor SearchTensors(Tensor logits, int samples, Noise noise)
    {
        var largest = Check.Largest(logits);
        var cumulative = (logits - largest).exp().cumsum(-1, ScalarType.Float64);
        var uniforms = noise.Uniform(samples, logits.shape[0], logits.device);
        var threshold = uniforms.transpose(0, 1) * cumulative[TensorIndex.Ellipsis, TensorIndex.Slice(-1)];
        return searchsorted(cumulative, threshold.contiguous(), right: true).transpose(0, 1).contiguous();
    }

    /// <summary>log p [.., K] in float64, −∞ for a masked category: what samples that are drawn together are drawn from.</summary>
    /// <exception cref="ArgumentException">A row is fully masked, or holds NaN or +∞.</exception>
    internal static Tensor LogProbabilities(Tensor logits)
    {
        _ = Check.Largest(logits);
        return logits.to_type(ScalarType.Float64).log_softmax(-1);
    }

    /// <summary>One-hot samples of short rows, one row a lane.</summary>
    private static unsafe Tensor SampleShort<T>(Tensor logits, int samples, Noise noise)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var _ = no_grad();
        var hard = empty([samples, .. logits.shape], logits.dtype);
        if (hard.numel() == 0)
            return hard;

        using var rows = logits.contiguous();
        var categories = (int)logits.shape[^1];
        var count = (int)(logits.numel() / categories);
        var from = Memory.Address<T>(rows);
        var to = Memory.Address<T>(hard);
        Blocks.For(count, categories, (first, inBlock) =>
        {
            var states = ArrayPool<byte>.Shared.Rent(inBlock * RowStates<T>.Size);
            fixed (byte* memory = states)
            {
                for (var sample = 0; sample < samples; sample++)
                {
                    var row = ((long)sample * count) + first;
                    new ShortRows<T>(categories, noise).Draw(
                        from + ((long)first * categories), inBlock, row, to + (row * categories), supplied: false, new(memory, inBlock));
                }
            }

            ArrayPool<byte>.Shared.Return(states);
        });
        return hard;
    }

    private static unsafe Tensor SearchSpans(Tensor logits, int samples, Noise noise)
    {
        var (rows, categories) = (logits.shape[0], (int)logits.shape[1]);
        var index = empty([samples, rows], ScalarType.Int64);
        var count = index.numel();
        if (count == 0)
            return index;

        var chunk = Math.Max(1, (1 << 30) / (categories * logits.element_size()));  // a span holds at most 2^31 − 1 bytes
        var found = Memory.Address<long>(index);
        for (long first = 0; first < rows; first += chunk)
        {
            using var part = logits.narrow(0, first, Math.Min(chunk, rows - first)).contiguous();
            if (part.dtype == ScalarType.Float64)
                Search(MemoryMarshal.Cast<byte, double>(part.bytes), categories, first, noise, found, count, rows);
            else
                Search(MemoryMarshal.Cast<byte, float>(part.bytes), categories, first, noise, found, count, rows);
        }

        return index;
    }

    private static unsafe void Normalize<T>(Tensor logits, Tensor result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var categories = (int)logits.shape[^1];
        var from = Memory.Address<T>(logits);
        var to = Memory.Address<T>(result);
        var rows = (int)(logits.numel() / categories);
        if (categories <= RowLayout.ShortRow)
        {
            Tile<T>.For(rows, categories, tile =>
            {
                tile.Load(0, from);
                var (largest, total) = (tile.Largest(0), Vector512<T>.Zero);
                for (var k = 0; k < categories; k++)
                {
                    tile[0, k] = Elementary.Exp(tile[0, k] - largest);
                    total += tile[0, k];
                }

                for (var k = 0; k < categories; k++)
                    tile[0, k] /= total;
                tile.Store(0, to);
            });
            return;
        }

        Blocks.For(rows, categories, (first, count) =>
        {
            for (var row = first; row < first + count; row++)
            {
                var of = new ReadOnlySpan<T>(from + ((long)row * categories), categories);
                var p = new Span<T>(to + ((long)row * categories), categories);
                TensorPrimitives.Divide(p, Rows.Exponentiate(of, Rows.Largest(of), T.One, p), p);
            }
        });
    }

    /// <summary>Samples of the rows from <paramref name="firstRow"/> on, into the indices [S, all rows], too many for a span.</summary>
    private static unsafe void Search<T>(
        ReadOnlySpan<T> logits, int categories, long firstRow, Noise noise, long* index, long indices, long allRows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var rows = logits.Length / categories;
        var atOnce = RowLayout.PerBlock(categories);
        using var sampler = new RowSampler<T>(categories, atOnce, (int)(indices / allRows));
        for (var begin = 0; begin < rows; begin += atOnce)
        {
            var count = Math.Min(atOnce, rows - begin);
            var block = logits.Slice(begin * categories, count * categories);
            sampler.Load(block);
            for (var row = 0; row < count; row++)
            {
                sampler.Accumulate(row, block, firstRow + begin);
                for (var at = firstRow + begin + row; at < indices; at += allRows)
                    index[at] = sampler.Draw(row, block, noise.Uniform(at));
            }
        }
    }
}
