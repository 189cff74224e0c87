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
        var states = new KeptMemory((long)count * RowStates<T>.Size);
        if (count == 0)
            return states;

        var from = Memory.Address<T>(logits);
        var to = Memory.Address<T>(hard);
        var all = new RowStates<T>(states.Address<byte>(), count);
        Blocks.For(count, categories, (first, rows) =>
        {
            var offset = (long)first * categories;
            Draw(from + offset, categories, rows, first, noise, to + offset, supplied, all.From(first));
        });
        return states;
    }

    /// <summary>The same for a block of rows, of which the first has that number.</summary>
    internal static unsafe void Draw<T>(
        T* logits, int categories, int rows, int first, Noise noise, T* hard, bool supplied, RowStates<T> states)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var size = rows * categories;
        if (categories <= RowLayout.ShortRow)
            new ShortRows<T>(categories, noise).Draw(logits, rows, first, hard, supplied, states);
        else
            DrawLong(new ReadOnlySpan<T>(logits, size), categories, first, noise, new Span<T>(hard, size), supplied, states);
    }

    private static void DrawLong<T>(
        ReadOnlySpan<T> logits, int categories, int first, Noise noise, Span<T> hard, bool supplied, RowStates<T> states)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var sampler = new RowSampler<T>(categories, logits.Length / categories);
        sampler.Load(logits);
        if (!supplied)
            hard.Clear();
        for (var (row, at) = (0, 0); at < logits.Length; row++, at += categories)
        {
            var inverse = T.CreateTruncating(1 / sampler.Accumulate(row, logits, first));
            var sampled = supplied
                ? HardSample.Category(hard.Slice(at, categories), logits.Slice(at, categories), first + row)
                : sampler.Draw(row, logits, noise.Uniform(first + row));
            states[row] = new RowState<T>(sampler.Largest(row), inverse, sampled);
            hard[at + sampled] = T.One;
        }
    }

    /// <inheritdoc/>
    protected override unsafe void Backward<T>(object? data, List<Tensor> saved, Tensor upstream, Tensor gradient)
    {
        var (its, categories) = ((Gradient)data!, (int)gradient.size(-1));
        var count = (int)(gradient.numel() / categories);
        var from = Memory.Address<T>(saved[0]);
        var v = Memory.Address<T>(upstream);
        var to = Memory.Address<T>(gradient);
        var states = new RowStates<T>(its.States.Address<byte>(), count);
        Blocks.For(count, categories, (first, rows) =>
        {
            var offset = (long)first * categories;
            var size = RowBlock<T>.ScratchSize(rows, categories);
            var scratch = ArrayPool<T>.Shared.Rent(size);
            fixed (T* room = scratch)
            {
                its.Kernel.Backward(new RowBlock<T>
                {
                    Categories = categories,
                    Logits = new(from + offset, rows * categories),
                    Upstream = new(v + offset, rows * categories),
                    States = states.From(first),
                    Gradient = new(to + offset, rows * categories),
                    Scratch = new(room, size),
                    Place = (first, count),
                    Noise = its.Noise,
                });
            }

            ArrayPool<T>.Shared.Return(scratch);
        }, its.Kernel.Passes);
    }

    /// <summary>The hard sample again: the caller may have disposed of the first.</summary>
    private static Tensor Hard(Tensor logits, KeptMemory states) =>
        OneHot.Of(tensor(Categories(logits, states)).view(logits.shape[..^1]), logits.shape[^1], logits.dtype);

    /// <summary>The sampled category of every row of the logits.</summary>
    internal static unsafe long[] Categories(Tensor logits, KeptMemory states)
    {
        var memory = states.Address<byte>();
        var rows = logits.numel() / logits.size(-1);
        return logits.dtype == ScalarType.Float64
            ? new RowStates<double>(memory, rows).Categories(rows)
            : new RowStates<float>(memory, rows).Categories(rows);
    }

    /// <summary>What the way back needs besides tensors.</summary>
    private sealed record Gradient(PathwiseEstimator Estimator, IRowKernel Kernel, Noise Noise, KeptMemory States) : IDisposable
    {
        public void Dispose() => States.Dispose();
    }
}
