using System.Buffers;
using System.Runtime.Intrinsics;
using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments;

/// <summary>
/// Attention of several heads to the same place and those before it, as one function of autograd: for short texts and narrow heads, of
/// which libtorch's batched products and the masks, softmaxes and dropouts between them take many times as long.
/// </summary>
internal sealed class FusedAttention : FusedFunction<FusedAttention>
{
    private const int Lanes = 16;

    /// <summary>Whether the kernels can take this: float32 on the CPU.</summary>
    internal static bool Takes(Tensor all) =>
        all.device_type == DeviceType.CPU && all.dtype == ScalarType.Float32 && all.numel() is > 0 and <= int.MaxValue / sizeof(float);

    /// <summary>Mixed values [B, T, C] of queries, keys and values side by side [B, T, 3 C].</summary>
    /// <param name="heads">A divisor of C.</param>
    /// <param name="scale">What products of queries and keys are multiplied by.</param>
    /// <param name="dropping">Of weights.</param>
    internal static Tensor Apply(Tensor all, int heads, double scale, Dropping dropping)
    {
        var rows = Memory.Contiguous(all);
        var its = new Heads((int)all.shape[0], (int)all.shape[1], (int)all.shape[2] / 3, heads, (float)scale, dropping);
        Tensor mixed, weights;
        using (no_grad())
            (mixed, weights) = its.Forward(rows);
        return Record([rows], [weights], its, mixed);
    }

    /// <summary>The definition in tensor operations.</summary>
    internal static Tensor Readable(Tensor all, int heads, double scale, Dropping dropping)
    {
        var (length, width) = (all.shape[1], all.shape[2] / 3);
        var parts = all.view(-1, length, 3, heads, width / heads).permute(2, 0, 3, 1, 4);
        var scores = (parts[0] * scale).matmul(parts[1].transpose(-2, -1));
        var later = full([length, length], double.NegativeInfinity, all.dtype, all.device).triu(1);
        var weights = (scores + later).softmax(-1);
        if (dropping.Drops)
        {
            var padded = (length + Lanes - 1) / Lanes * Lanes;  // where the kernels' rows begin
            weights *= dropping.Factors([.. weights.shape[..^1], padded]).narrow(-1, 0, length).to(weights);
        }

        return weights.matmul(parts[2]).transpose(1, 2).reshape(-1, length, width);
    }

    protected override Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream) =>
        [((Heads)data!).Backward(saved[0], saved[1], Memory.Contiguous(upstream))];

    protected override Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream)
    {
        var (its, all) = ((Heads)data!, saved[0].alias());
        return Derivatives.Differentiable(Readable(all, its.Count, its.Scale, its.Dropping), [all], upstream);
    }

    /// <summary>The heads of a batch, whose kernels work on one head of one text at a time.</summary>
    /// <remarks>Rows are padded to whole vectors, by zeros.</remarks>
    private sealed unsafe record Heads(int Batch, int Length, int Width, int Count, float Scale, Dropping Dropping)
    {
        private int Size => Width / Count;

        /// <summary>Numbers of a head, padded.</summary>
        private int Row => (Size + Lanes - 1) / Lanes * Lanes;

        /// <summary>Places of a text, padded.</summary>
        private int Places => (Length + Lanes - 1) / Lanes * Lanes;

        internal (Tensor Mixed, Tensor Weights) Forward(Tensor all)
        {
            var (mixed, kept) = (empty([Batch, Length, Width]), empty([Batch, Count, Length, Places]));
            var from = Memory.Address<float>(all);
            var to = Memory.Address<float>(mixed);
            var weights = Memory.Address<float>(kept);
            Blocks.For(Batch * Count, Length * Places, (first, heads) =>
            {
                var room = new Borrowed((Size * Places) + (Length * Row) + Places);
                var keys = room.Take(Size * Places);
                var values = room.Take(Length * Row);
                var row = room.Take(Places);
                for (var head = first; head < first + heads; head++)
                {
                    LoadColumns(Part(from, head, 1), keys);
                    LoadRows(Part(from, head, 2), values);
                    for (var i = 0; i < Length; i++)
                    {
                        var its = new Span<float>(weights + Place(head, i), Places);
                        Product(Line(Part(from, head, 0), i), keys, Places, its, i + 1);
                        Softmax(its, i + 1);
                        its.CopyTo(row);
                        Drop(row, Place(head, i));
                        Product(row[..(i + 1)], values, Row, Result(to, head, i), Size);
                    }
                }

                room.Dispose();
            });
            return (mixed, kept);
        }

        internal Tensor Backward(Tensor all, Tensor kept, Tensor upstream)
        {
            var gradient = empty_like(all, requires_grad: false);
            var from = Memory.Address<float>(all);
            var weights = Memory.Address<float>(kept);
            var above = Memory.Address<float>(upstream);
            var to = Memory.Address<float>(gradient);
            Blocks.For(Batch * Count, Length * Places, (first, heads) =>
            {
                var room = new Borrowed((5 * Length * Row) + (Size * Places) + (2 * Places));
                var keys = room.Take(Length * Row);
                var values = room.Take(Size * Places);
                var queries = room.Take(Length * Row);
                var results = room.Take(Length * Row);
                var atKeys = room.Take(Length * Row);
                var atValues = room.Take(Length * Row);
                var row = room.Take(Places);
                var atRow = room.Take(Places);
                for (var head = first; head < first + heads; head++)
                {
                    LoadRows(Part(from, head, 0), queries);
                    LoadRows(Part(from, head, 1), keys);
                    LoadColumns(Part(from, head, 2), values);
                    for (var i = 0; i < Length; i++)
                        Result(above, head, i).CopyTo(results[(i * Row)..]);
                    atKeys.Clear();
                    atValues.Clear();
                    for (var i = 0; i < Length; i++)
                    {
                        var its = new ReadOnlySpan<float>(weights + Place(head, i), Places);
                        its.CopyTo(row);
                        Drop(row, Place(head, i));
                        Product(results.Slice(i * Row, Size), values, Places, atRow, i + 1);
                        Drop(atRow, Place(head, i));
                        Add(-Rows.Weigh(atRow, Scale, its, 0), its, atRow);
                        Product(atRow[..(i + 1)], keys, Row, Line(Part(to, head, 0), i), Size);
                        for (var j = 0; j <= i; j++)
                        {
                            Add(atRow[j], queries.Slice(i * Row, Row), atKeys.Slice(j * Row, Row));
                            Add(row[j], results.Slice(i * Row, Row), atValues.Slice(j * Row, Row));
                        }
                    }

                    for (var i = 0; i < Length; i++)
                    {
                        atKeys.Slice(i * Row, Size).CopyTo(Line(Part(to, head, 1), i));
                        atValues.Slice(i * Row, Size).CopyTo(Line(Part(to, head, 2), i));
                    }
                }

                room.Dispose();
            });
            return gradient;
        }

        /// <summary>The first number of queries (0), keys (1) or values (2) of a head.</summary>
        private float* Part(float* all, int head, int part) =>
            all + ((long)(head / Count) * Length * 3 * Width) + (part * Width) + (head % Count * Size);

        /// <summary>The numbers of a part at a place.</summary>
        private Span<float> Line(float* part, int place) => new(part + ((long)place * 3 * Width), Size);

        private Span<float> Result(float* mixed, int head, int place) =>
            new(mixed + ((((long)(head / Count) * Length) + place) * Width) + (head % Count * Size), Size);

        private long Place(int head, int place) => (((long)head * Length) + place) * Places;

        /// <summary>The numbers of a part, place by place.</summary>
        private void LoadRows(float* part, Span<float> to)
        {
            for (var i = 0; i < Length; i++)
                Line(part, i).CopyTo(to[(i * Row)..]);
        }

        /// <summary>The numbers of a part, its first at all places, then its second, …</summary>
        private void LoadColumns(float* part, Span<float> to)
        {
            for (var i = 0; i < Length; i++)
            {
                var line = Line(part, i);
                for (var k = 0; k < line.Length; k++)
                    to[(k * Places) + i] = line[k];
            }
        }

        /// <summary>Weights from scores, of which the first are of places that may be looked at.</summary>
        private void Softmax(Span<float> scores, int count)
        {
            scores[count..].Fill(float.NegativeInfinity);
            var sum = Rows.Exponentiate(scores, Rows.Largest<float>(scores), Scale, scores);
            for (var j = 0; j < scores.Length; j += Lanes)
                Rows.Store(Rows.Load<float>(scores, j) / Vector512.Create(sum), scores, j);
        }

        private void Drop(Span<float> row, long place)
        {
            for (var j = 0; j < row.Length && Dropping.Drops; j += Lanes)
                Rows.Store(Rows.Load<float>(row, j) * Dropping.Factors(place + j), row, j);
        }

        /// <summary>to ← a · matrix, as many numbers as are asked for and those that fill their last vector.</summary>
        private static void Product(ReadOnlySpan<float> a, Span<float> matrix, int stride, Span<float> to, int count)
        {
            for (var column = 0; column < count; column += Lanes)
            {
                var sum = Vector512<float>.Zero;
                for (int k = 0, at = column; k < a.Length; k++, at += stride)
                    sum = Vector512.FusedMultiplyAdd(Vector512.Create(a[k]), Vector512.LoadUnsafe(ref matrix[at]), sum);
                Rows.Store(sum, to, column);
            }
        }

        /// <summary>to ← to + factor · from; whole vectors.</summary>
        private static void Add(float factor, ReadOnlySpan<float> from, Span<float> to)
        {
            for (var i = 0; i < to.Length; i += Lanes)
                Rows.Store(Vector512.FusedMultiplyAdd(Vector512.Create(factor), Rows.Load(from, i), Rows.Load<float>(to, i)), to, i);
        }
    }

    /// <summary>Numbers of a kernel's own, zero at first, in memory that is kept: fresh pages would cost more than what is done.</summary>
    private ref struct Borrowed(int count)
    {
        private readonly float[] _rented = ArrayPool<float>.Shared.Rent(count);
        private int _taken;

        internal Span<float> Take(int numbers)
        {
            var taken = _rented.AsSpan(_taken, numbers);
            _taken += numbers;
            taken.Clear();
            return taken;
        }

        internal readonly void Dispose() => ArrayPool<float>.Shared.Return(_rented);
    }
}
