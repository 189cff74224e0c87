using System.Numerics;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>softmax of short rows on the CPU, one row a lane: libtorch's takes many times as long where there are few categories.</summary>
internal sealed class FusedSoftmax : FusedRows<FusedSoftmax>
{
    /// <summary>p [.., K], for logits of any length.</summary>
    internal static Tensor Of(Tensor logits)
    {
        if (!FusedSample.Takes(logits) || logits.size(-1) > RowLayout.ShortRow)
            return logits.softmax(-1);
        var rows = Memory.Contiguous(logits);
        var p = Categorical.Probabilities(rows);
        return Record([rows], [p], null, p);
    }

    /// <inheritdoc/>
    protected override Tensor Readable(object? data, List<Tensor> saved, Tensor logits) => logits.softmax(-1);

    /// <inheritdoc/>
    protected override unsafe void Backward<T>(object? data, List<Tensor> saved, Tensor upstream, Tensor gradient)
    {
        var categories = (int)gradient.size(-1);
        var p = Memory.Address<T>(saved[1]);
        var v = Memory.Address<T>(upstream);
        var to = Memory.Address<T>(gradient);
        Tile<T>.For((int)(gradient.numel() / categories), categories, tile =>
        {
            tile.Load(0, p);
            tile.Load(1, v);
            var mean = Vector512<T>.Zero;
            for (var k = 0; k < categories; k++)
                mean += tile[0, k] * tile[1, k];
            for (var k = 0; k < categories; k++)
                tile[0, k] *= tile[1, k] - mean;
            tile.Store(0, to);
        });
    }
}
