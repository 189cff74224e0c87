using System.Numerics;
using System.Numerics.Tensors;

namespace DiscreteGradients.Fused;

/// <summary>
/// The rows of the tokens that experts run on, x [T, W] → [rows, W]; on the way back every token adds up the gradients of its rows.
/// </summary>
internal sealed class GatheredRows : FusedFunction<GatheredRows>
{
    internal static Tensor Of(Tensor x, Grouping grouping)
    {
        if (!FusedSample.Takes(x))
            return Readable(x, grouping);
        using var scope = NewDisposeScope();
        var from = x.contiguous();
        var result = empty([grouping.Length, x.shape[1]], x.dtype);
        if (x.dtype == ScalarType.Float64)
            Copy<double>(from, grouping, result);
        else
            Copy<float>(from, grouping, result);
        return Record([from], [], grouping, result).MoveToOuterDisposeScope();
    }

    /// <summary>The definition in tensor operations.</summary>
    internal static Tensor Readable(Tensor x, Grouping grouping) => x.index_select(0, grouping.Tokens64(x.device));

    /// <inheritdoc/>
    protected override Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream)
    {
        var gradient = empty_like(saved[0]);
        if (gradient.dtype == ScalarType.Float64)
            Add<double>(Memory.Contiguous(upstream), (Grouping)data!, gradient);
        else
            Add<float>(Memory.Contiguous(upstream), (Grouping)data!, gradient);
        return [gradient];
    }

    /// <inheritdoc/>
    protected override Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream)
    {
        var x = saved[0].alias();
        return Derivatives.Differentiable(Readable(x, (Grouping)data!), [x], upstream);
    }

    private static unsafe void Copy<T>(Tensor x, Grouping grouping, Tensor result) where T : unmanaged
    {
        var width = (int)x.shape[1];
        if (result.numel() == 0)
            return;
        var from = Memory.Address<T>(x);
        var to = Memory.Address<T>(result);
        Blocks.For(grouping.Length, width, (first, count) =>
        {
            for (var row = first; row < first + count; row++)
                Memory.Row(from, grouping.Token[row], width).CopyTo(Memory.Row(to, row, width));
        });
    }

    private static unsafe void Add<T>(Tensor upstream, Grouping grouping, Tensor gradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var width = (int)gradient.shape[1];
        if (gradient.numel() == 0)
            return;
        var from = grouping.Length == 0 ? null : Memory.Address<T>(upstream);
        var to = Memory.Address<T>(gradient);
        Blocks.For(grouping.Tokens, width, (first, count) =>
        {
            for (var token = first; token < first + count; token++)
            {
                var sum = Memory.Row(to, token, width);
                var (start, end) = (grouping.Starts[token], grouping.Starts[token + 1]);
                if (start == end)
                    sum.Clear();
                else
                    Memory.Row(from, grouping.Rows[start], width).CopyTo(sum);
                for (var i = start + 1; i < end; i++)
                    TensorPrimitives.Add<T>(sum, Memory.Row(from, grouping.Rows[i], width), sum);
            }
        });
    }
}
