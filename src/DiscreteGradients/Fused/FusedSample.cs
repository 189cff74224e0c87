using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DiscreteGradients.Fused;

/// <summary>
/// The fused form of a pathwise sample on the CPU: one pass that draws the sample, one pass back that recomputes the softmax. It keeps the
/// logits and a few numbers per row; nothing of the size of the logits is stored between the passes.
/// </summary>
internal sealed class FusedSample : FusedRows<FusedSample>
{
    /// <summary>Whether the kernels can take these logits: on the CPU, single or double precision, addressable by spans.</summary>
    internal static bool Takes(Tensor logits) =>
        logits.device_type == DeviceType.CPU
        && logits.dtype is ScalarType.Float32 or ScalarType.Float64
        && logits.numel() * logits.element_size() <= int.MaxValue;

    /// <summary>The estimator's kernel where it has one for these logits and may use it.</summary>
    /// <exception cref="ArgumentException">The fused form is demanded, and there is none.</exception>
    internal static IRowKernel? Kernel(PathwiseEstimator estimator, Tensor logits)
    {
        if (estimator.Form == Form.Readable)
            return null;
        if (estimator is IFusedEstimator fused && ReferenceEquals(estimator.Law(), SamplingLaw.Softmax) && Takes(logits))
            return fused.Kernel;
        return estimator.Form == Form.Automatic ? null : throw new ArgumentException(
            $"{estimator.GetType().Name} has no fused form for {logits.dtype} logits of shape {Check.Shape(logits)} on {logits.device}; "
            + "use Form.Automatic or Form.Readable.", nameof(logits));
    }

    /// <summary>Samples of logits that need no conversion, or null: no tensor is made but the result, so no scope is needed.</summary>
    internal static Tensor? AsIs(PathwiseEstimator estimator, Tensor logits, Generator? generator) =>
        Takes(logits) && logits.is_contiguous() && Kernel(estimator, logits) is { } kernel
            ? Of(estimator, kernel, logits, hard: null, Noise.Draw(generator))
            : null;

    /// <summary>One-hot samples [.., K], drawn unless they are given, with the gradient of a pathwise estimator by its kernel.</summary>
    internal static Tensor Of(PathwiseEstimator estimator, IRowKernel kernel, Tensor logits, Tensor? hard, Noise noise)
    {
        var rows = Memory.Contiguous(logits);
        var output = hard is null ? empty_like(rows) : Memory.Contiguous(hard).clone();
        try
        {
            var states = logits.dtype == ScalarType.Float64
                ? Draw<double>(rows, output, supplied: hard is not null, noise)
                : Draw<float>(rows, output, supplied: hard is not null, noise);
            return Record([rows], [], new Gradient(estimator, kernel, noise.ForGradient(), states), output);
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override Tensor Readable(object? data, List<Tensor> saved, Tensor logits)
    {
        var its = (Gradient)data!;
        return its.Estimator.SoftenLogits(logits, Hard(logits, its.States), its.Noise);
    }

    /// <summary>Draws the sample into <paramref name="hard"/> [.., K], or finds the supplied one there; returns the rows' states.</summary>
    private static unsafe KeptMemory Draw<T>(Tensor logits, Tensor hard, bool supplied, Noise noise)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var categories = (int)logits.size(-1);
        var count = (int)(logits.numel() / categories);
        var states = new KeptMemory((long)count * sizeof(RowState<T>));
        if (count == 0)
            return states;

        var from = Memory.Address<T>(logits);
        var to = Memory.Address<T>(hard);
        var state = states.Address<RowState<T>>();
        Blocks.For(count, categories, (first, rows) =>
        {
            var offset = (long)first * categories;
            using var sampler = new RowSampler<T>(categories, rows);
            var values = new ReadOnlySpan<T>(from + offset, rows * categories);
            sampler.Load(values);
            var block = new Span<T>(to + offset, rows * categories);
            if (!supplied)
                block.Clear();
            for (var row = 0; row < rows; row++)
            {
                var inverse = T.CreateTruncating(1 / sampler.Accumulate(row, values, first));
                var its = row * categories;
                var sampled = supplied
                    ? HardSample.Category(block.Slice(its, categories), values.Slice(its, categories), first + row)
                    : sampler.Draw(row, values, noise.Uniform(first + row));
                state[first + row] = new RowState<T>(sampler.Largest(row), inverse, sampled);
                if (!supplied)
                    block[its + sampled] = T.One;
            }
        });
        return states;
    }

    /// <inheritdoc/>
    protected override unsafe void Backward<T>(object? data, List<Tensor> saved, Tensor upstream, Tensor gradient)
    {
        var (its, categories) = ((Gradient)data!, (int)gradient.size(-1));
        var count = (int)(gradient.numel() / categories);
        var from = Memory.Address<T>(saved[0]);
        var v = Memory.Address<T>(upstream);
        var to = Memory.Address<T>(gradient);
        var state = its.States.Address<RowState<T>>();
        Blocks.For(count, categories, (first, rows) =>
        {
            var offset = (long)first * categories;
            var size = RowBlock<T>.ScratchSize(rows, categories);
            var scratch = ArrayPool<T>.Shared.Rent(size);
            its.Kernel.Backward(new RowBlock<T>
            {
                Categories = categories,
                Logits = new(from + offset, rows * categories),
                Upstream = new(v + offset, rows * categories),
                States = new(state + first, rows),
                Gradient = new(to + offset, rows * categories),
                Scratch = scratch.AsSpan(0, size),
                Place = (first, count),
                Noise = its.Noise,
            });
            ArrayPool<T>.Shared.Return(scratch);
        });
    }

    /// <summary>The hard sample again: the caller may have disposed of the first.</summary>
    private static Tensor Hard(Tensor logits, KeptMemory states)
    {
        var sampled = logits.dtype == ScalarType.Float64 ? Sampled<double>(logits, states) : Sampled<float>(logits, states);
        return OneHot.Of(tensor(sampled).view(logits.shape[..^1]), logits.shape[^1], logits.dtype);
    }

    private static unsafe long[] Sampled<T>(Tensor logits, KeptMemory states) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var sampled = new long[logits.numel() / logits.size(-1)];
        var state = states.Address<RowState<T>>();
        for (var row = 0; row < sampled.Length; row++)
            sampled[row] = state[row].Sampled;
        return sampled;
    }

    /// <summary>What the way back needs besides tensors.</summary>
    private sealed record Gradient(PathwiseEstimator Estimator, IRowKernel Kernel, Noise Noise, KeptMemory States) : IDisposable
    {
        public void Dispose() => States.Dispose();
    }
}
