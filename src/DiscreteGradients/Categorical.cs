using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace DiscreteGradients;

/// <summary>
/// The one sampler of the library: inverse CDF with 53-bit uniforms. A category is returned only where the cumulative weight rises,
/// so one of weight zero cannot be.
/// </summary>
/// <remarks>Logits are float32 or float64, [.., K]. One uniform is drawn per row and sample, in row order.</remarks>
internal static class Categorical
{
    /// <summary>Elements shifted and exponentiated at once: small enough for the first-level cache, long enough for wide vectors.</summary>
    private const int Block = 2048;

    /// <summary>One-hot samples [S, .., K] in the logits' dtype.</summary>
    internal static Tensor Sample(Tensor logits, int samples, Generator? generator) =>
        OneHot.FromIndex(SampleIndex(logits, samples, generator), logits.shape[^1], logits.dtype);

    /// <summary>Category indices [S, ..], int64.</summary>
    internal static Tensor SampleIndex(Tensor logits, int samples, Generator? generator)
    {
        var categories = logits.shape[^1];
        long[] shape = [samples, .. logits.shape[..^1]];
        var rows = logits.numel() / categories;

        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var uniforms = rand([samples, rows], ScalarType.Float64, logits.device, generator: generator);
        var flat = logits.detach().reshape(rows, categories);
        var index = flat.device_type == DeviceType.CPU ? SearchSpans(flat, uniforms) : SearchTensors(flat, uniforms);
        return index.reshape(shape).MoveToOuterDisposeScope();
    }

    /// <summary>The search in tensor operations, for any device. logits [R, K], uniforms [S, R] → [S, R].</summary>
    internal static Tensor SearchTensors(Tensor logits, Tensor uniforms)
    {
        var largest = logits.amax([-1], keepdim: true);
        if (!largest.isfinite().all().item<bool>() || logits.isnan().any().item<bool>())
            throw new ArgumentException("logits have a row that is fully masked or holds NaN or +∞; every row needs a category with a finite logit.", nameof(logits));

        var cumulative = (logits - largest).exp().cumsum(-1, ScalarType.Float64);
        var threshold = uniforms.transpose(0, 1) * cumulative[TensorIndex.Ellipsis, TensorIndex.Slice(-1)];
        return searchsorted(cumulative, threshold.contiguous(), right: true).transpose(0, 1).contiguous();
    }

    private static Tensor SearchSpans(Tensor logits, Tensor uniforms)
    {
        var index = empty_like(uniforms, ScalarType.Int64);
        if (index.numel() == 0)
            return index;

        var categories = (int)logits.shape[1];
        var chunk = Math.Max(1, (1 << 30) / (categories * logits.element_size()));  // a span holds at most 2^31 − 1 bytes
        var u = MemoryMarshal.Cast<byte, double>(uniforms.bytes);
        var found = MemoryMarshal.Cast<byte, long>(index.bytes);
        for (long first = 0; first < logits.shape[0]; first += chunk)
        {
            using var part = logits.narrow(0, first, Math.Min(chunk, logits.shape[0] - first)).contiguous();
            if (part.dtype == ScalarType.Float64)
                Search(MemoryMarshal.Cast<byte, double>(part.bytes), categories, (int)first, (int)logits.shape[0], u, found);
            else
                Search(MemoryMarshal.Cast<byte, float>(part.bytes), categories, (int)first, (int)logits.shape[0], u, found);
        }

        return index;
    }

    private static void Search<T>(
        ReadOnlySpan<T> logits, int categories, int firstRow, int allRows, ReadOnlySpan<double> uniforms, Span<long> index)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var rows = logits.Length / categories;
        var rowsAtOnce = Math.Max(1, Block / categories);
        var weights = ArrayPool<T>.Shared.Rent(rowsAtOnce * categories);
        var table = ArrayPool<double>.Shared.Rent(categories);
        try
        {
            for (var begin = 0; begin < rows; begin += rowsAtOnce)
            {
                var end = Math.Min(rows, begin + rowsAtOnce);
                var block = weights.AsSpan(0, (end - begin) * categories);
                for (var row = begin; row < end; row++)
                    Shift(logits.Slice(row * categories, categories), block.Slice((row - begin) * categories, categories), firstRow + row);
                TensorPrimitives.Exp<T>(block, block);
                for (var row = begin; row < end; row++)
                {
                    var cumulative = table.AsSpan(0, categories);
                    Accumulate(block.Slice((row - begin) * categories, categories), cumulative);
                    for (var at = firstRow + row; at < uniforms.Length; at += allRows)
                        index[at] = Find(cumulative, uniforms[at] * cumulative[^1]);
                }
            }
        }
        finally
        {
            ArrayPool<T>.Shared.Return(weights);
            ArrayPool<double>.Shared.Return(table);
        }
    }

    private static void Shift<T>(ReadOnlySpan<T> logits, Span<T> shifted, int row)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T largest;
        if (logits.Length <= 8)
        {
            largest = logits[0];
            foreach (var logit in logits)
                largest = T.Max(largest, logit);
            if (T.IsFinite(largest))
            {
                for (var k = 0; k < logits.Length; k++)
                    shifted[k] = logits[k] - largest;
            }
        }
        else
        {
            largest = TensorPrimitives.Max(logits);
            TensorPrimitives.Subtract(logits, largest, shifted);
        }

        if (T.IsNegativeInfinity(largest))
            throw new ArgumentException($"logits row {row} is fully masked; every row needs a category with a finite logit.", nameof(logits));
        if (!T.IsFinite(largest))
            throw new ArgumentException($"logits row {row} holds {largest}; logits must be finite, or −∞ to mask a category.", nameof(logits));
    }

    private static void Accumulate<T>(ReadOnlySpan<T> weights, Span<double> cumulative)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var sum = 0.0;
        for (var k = 0; k < weights.Length; k++)
            cumulative[k] = sum += double.CreateTruncating(weights[k]);
    }

    /// <summary>The first category whose cumulative weight exceeds the threshold, which is below the total.</summary>
    private static int Find(ReadOnlySpan<double> cumulative, double threshold)
    {
        var low = 0;
        var high = cumulative.Length - 1;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (cumulative[middle] > threshold)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }
}
