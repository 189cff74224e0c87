using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DiscreteGradients;

/// <summary>A sample that the caller supplies: each row is one-hot at a category that can be sampled, or an error names it.</summary>
internal static class HardSample
{
    /// <summary>Rows of at most that many categories are looped over.</summary>
    private const int Short = 16;

    /// <summary>The sample [.., K] itself, float32 or float64, when every row of it is right.</summary>
    /// <param name="hard">The sample.</param>
    /// <param name="logits">Of the same shape and dtype: a category whose logit is −∞ may not be chosen. Null where all may be.</param>
    internal static Tensor Checked(Tensor hard, Tensor? logits)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        if (hard.numel() == 0)
            return hard;
        if (!FusedSample.Takes(hard))
            CheckTensors(hard, logits);
        else if (hard.dtype == ScalarType.Float64)
            CheckSpans<double>(hard.contiguous(), logits?.contiguous());
        else
            CheckSpans<float>(hard.contiguous(), logits?.contiguous());
        return hard;
    }

    /// <summary>The category of row number <paramref name="row"/>.</summary>
    /// <param name="hard">The row [K] of the sample.</param>
    /// <param name="logits">Its logits [K], or nothing where every category may be chosen.</param>
    /// <param name="row">Its number in the order of [.., K].</param>
    internal static int Category<T>(ReadOnlySpan<T> hard, ReadOnlySpan<T> logits, long row)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var category = Unsafe.SizeOf<T>() == sizeof(int) ? Only(MemoryMarshal.Cast<T, int>(hard)) : Only(MemoryMarshal.Cast<T, long>(hard));
        if (category < 0 || hard[category] != T.One)
            category = Slowly(hard, row);
        return logits.IsEmpty || !T.IsNegativeInfinity(logits[category])
            ? category
            : throw new ArgumentException(
                $"hard row {row} chooses category {category}, which is masked; choose one that can be sampled.", nameof(hard));
    }

    /// <summary>The check in tensor operations, for any device.</summary>
    internal static void CheckTensors(Tensor hard, Tensor? logits)
    {
        var rows = hard.reshape(-1, hard.size(-1));
        var category = rows.argmax(-1, keepdim: true);
        var right = (rows.gather(-1, category) == 1) & ((rows != 0).sum(-1, keepdim: true) == 1);
        if (logits is not null)
            right &= logits.reshape(-1, hard.size(-1)).gather(-1, category) > double.NegativeInfinity;
        if (right.all().item<bool>())
            return;
        var row = right.flatten().logical_not().nonzero()[0].item<long>();
        Category<double>(Row(rows, row), logits is null ? [] : Row(logits.reshape(-1, hard.size(-1)), row), row);
    }

    private static unsafe void CheckSpans<T>(Tensor hard, Tensor? logits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var categories = (int)hard.size(-1);
        var sample = Memory.Address<T>(hard);
        var masked = logits is null ? null : Memory.Address<T>(logits);
        Blocks.For((int)(hard.numel() / categories), categories, (first, rows) =>
        {
            for (long row = first; row < first + rows; row++)
            {
                var of = masked is null ? [] : new ReadOnlySpan<T>(masked + (row * categories), categories);
                Category(new ReadOnlySpan<T>(sample + (row * categories), categories), of, row);
            }
        });
    }

    /// <summary>The only entry whose bits are not those of 0, or −1.</summary>
    private static int Only<TBits>(ReadOnlySpan<TBits> bits)
        where TBits : unmanaged, IBinaryInteger<TBits>
    {
        if (bits.Length > Short)
        {
            var first = bits.IndexOfAnyExcept(TBits.Zero);
            return first >= 0 && bits[(first + 1)..].IndexOfAnyExcept(TBits.Zero) < 0 ? first : -1;
        }

        var (only, count) = (0, 0);
        for (var k = 0; k < bits.Length; k++)
        {
            // Without branches: where the 1 is cannot be predicted.
            var set = int.CreateTruncating((bits[k] | -bits[k]) >> ((8 * Unsafe.SizeOf<TBits>()) - 1));
            only |= set & k;
            count -= set;
        }

        return count == 1 ? only : -1;
    }

    /// <summary>The category of a row in which something else is than 1 and +0: a −0, or what is an error.</summary>
    private static int Slowly<T>(ReadOnlySpan<T> hard, long row)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (category, count) = (-1, 0);
        for (var k = 0; k < hard.Length; k++)
        {
            if (hard[k] != T.Zero)
                (category, count) = (k, count + 1);
        }

        if (count == 1 && hard[category] == T.One)
            return category;
        var what = count switch
        {
            0 => "it holds zeros only",
            1 => $"its only entry that is not 0 is {FormattableString.Invariant($"{double.CreateTruncating(hard[category])}")}",
            _ => $"{count} of its entries are not 0",
        };
        throw new ArgumentException($"hard row {row} must be one-hot, one 1 among zeros; {what}.", nameof(hard));
    }

    private static double[] Row(Tensor rows, long row) => rows[row].to_type(ScalarType.Float64).cpu().data<double>().ToArray();
}
