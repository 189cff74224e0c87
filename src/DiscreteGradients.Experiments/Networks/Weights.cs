using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;

namespace DiscreteGradients.Experiments;

/// <summary>
/// A matrix that many rows are multiplied by, a few at a time: it is packed once, and read once for all rows of a product.
/// </summary>
/// <remarks>
/// In single precision on processors with 512-bit vectors. Elsewhere, and in double precision, libtorch computes the products. See
/// <see cref="MatrixProduct"/>; here tiles may have fewer rows, and a product of one row is bound by reading the matrix.
/// </remarks>
/// <param name="inputs">K.</param>
/// <param name="outputs">N.</param>
/// <param name="byOutput">Whether <see cref="Source"/> is [N, K], as layers have it, or [K, N].</param>
internal sealed unsafe class Weights<T>(int inputs, int outputs, bool byOutput) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Width = 32;

    /// <summary>Rows that are packed together: with a panel they stay in the second-level cache.</summary>
    private const int Block = 96;

    private static readonly bool Packs = typeof(T) == typeof(float) && Vector512.IsHardwareAccelerated;

    private readonly int _panels = (outputs + Width - 1) / Width;
    private readonly Room<T> _packed = new(Width * inputs);
    private readonly Room<T> _rows = new(inputs);

    /// <summary>The matrix. <see cref="Pack"/> is to be called when it was changed.</summary>
    internal Room<T> Source { get; } = Held(byOutput ? inputs : outputs, byOutput ? outputs : inputs);

    /// <summary>What the width of the results must be at least: whole panels.</summary>
    internal static int Padded(int outputs) => (outputs + Width - 1) / Width * Width;

    internal void Pack()
    {
        if (!Packs)
            return;
        _packed.Hold(_panels);
        _rows.Hold(Block);
        for (var panel = 0; panel < _panels; panel++)
        {
            var to = (float*)_packed[panel];
            var first = panel * Width;
            var count = Math.Min(Width, outputs - first);
            if (byOutput && count == Width)
            {
                MatrixProduct.Transpose((float*)Source[first], inputs, Width, inputs, to);
                continue;
            }

            for (var k = 0; k < inputs; k++, to += Width)
            {
                for (var i = 0; i < Width; i++)
                    to[i] = i >= count ? 0 : byOutput ? ((float*)Source[first + i])[k] : ((float*)Source[k])[first + i];
            }
        }
    }

    /// <summary>Rows of y ← rows of x [.., K] times the matrix.</summary>
    internal void Multiply(Room<T> x, int firstX, Room<T> y, int firstY, int rows)
    {
        if (!Packs)
        {
            using var scope = NewDisposeScope();
            var matrix = byOutput ? Source.Rows(0, outputs).t() : Source.Rows(0, inputs);
            y.Rows(firstY, rows).narrow(1, 0, outputs).copy_(x.Rows(firstX, rows).narrow(1, 0, inputs).mm(matrix));
            return;
        }

        for (var done = 0; done < rows; done += Block)
            Multiply((float*)x[firstX + done], x.Width, (float*)y[firstY + done], y.Width, Math.Min(Block, rows - done));
    }

    private void Multiply(float* x, int strideX, float* y, int strideY, int rows)
    {
        var packed = (float*)_rows[0];
        for (int row = 0, height; row < rows; row += height)
        {
            height = Height(rows - row);
            PackRows(x + ((long)row * strideX), strideX, Math.Min(height, rows - row), height, packed + ((long)row * inputs));
        }

        for (var panel = 0; panel < _panels; panel++)
        {
            var matrix = (float*)_packed[panel];
            for (int row = 0, height; row < rows; row += height)
            {
                height = Height(rows - row);
                var from = packed + ((long)row * inputs);
                var to = y + ((long)row * strideY) + (panel * Width);
                var count = rows - row;
                switch (height)
                {
                    case 1: Tile<One>(inputs, from, matrix, to, strideY, count); break;
                    case 2: Tile<Two>(inputs, from, matrix, to, strideY, count); break;
                    case 4: Tile<Four>(inputs, from, matrix, to, strideY, count); break;
                    case 8: Tile<Eight>(inputs, from, matrix, to, strideY, count); break;
                    default: Tile<Twelve>(inputs, from, matrix, to, strideY, count); break;
                }
            }
        }
    }

    /// <summary>Rows of the next tile, some of which may be padding.</summary>
    private static int Height(int rows) => rows switch { 1 => 1, 2 => 2, <= 4 => 4, <= 8 => 8, <= 12 => 12, <= 16 => 8, _ => 12 };

    private void PackRows(float* x, int stride, int rows, int height, float* to)
    {
        if (rows == height && height % 4 == 0)
        {
            MatrixProduct.Transpose(x, stride, height, inputs, to);
            return;
        }

        for (var row = 0; row < height; row++)
        {
            for (var k = 0; k < inputs; k++)
                to[(k * height) + row] = row < rows ? x[((long)row * stride) + k] : 0;
        }
    }

    /// <summary>So many rows by thirty-two columns, all held in registers along K; what is beyond the height is not compiled.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<THeight>(int k, float* a, float* b, float* c, int stride, int rows)
        where THeight : struct, IHeight
    {
        Vector512<float> r0a = default, r0b = default;
        Vector512<float> r1a = default, r1b = default;
        Vector512<float> r2a = default, r2b = default;
        Vector512<float> r3a = default, r3b = default;
        Vector512<float> r4a = default, r4b = default;
        Vector512<float> r5a = default, r5b = default;
        Vector512<float> r6a = default, r6b = default;
        Vector512<float> r7a = default, r7b = default;
        Vector512<float> r8a = default, r8b = default;
        Vector512<float> r9a = default, r9b = default;
        Vector512<float> r10a = default, r10b = default;
        Vector512<float> r11a = default, r11b = default;
        for (var i = 0; i < k; i++, a += THeight.Rows, b += Width)
        {
            var (first, second) = (Vector512.Load(b), Vector512.Load(b + 16));
            (r0a, r0b) = (FusedMultiplyAdd(Create(a[0]), first, r0a), FusedMultiplyAdd(Create(a[0]), second, r0b));
            if (THeight.Rows > 1)
                (r1a, r1b) = (FusedMultiplyAdd(Create(a[1]), first, r1a), FusedMultiplyAdd(Create(a[1]), second, r1b));
            if (THeight.Rows > 2)
            {
                (r2a, r2b) = (FusedMultiplyAdd(Create(a[2]), first, r2a), FusedMultiplyAdd(Create(a[2]), second, r2b));
                (r3a, r3b) = (FusedMultiplyAdd(Create(a[3]), first, r3a), FusedMultiplyAdd(Create(a[3]), second, r3b));
            }

            if (THeight.Rows > 4)
            {
                (r4a, r4b) = (FusedMultiplyAdd(Create(a[4]), first, r4a), FusedMultiplyAdd(Create(a[4]), second, r4b));
                (r5a, r5b) = (FusedMultiplyAdd(Create(a[5]), first, r5a), FusedMultiplyAdd(Create(a[5]), second, r5b));
                (r6a, r6b) = (FusedMultiplyAdd(Create(a[6]), first, r6a), FusedMultiplyAdd(Create(a[6]), second, r6b));
                (r7a, r7b) = (FusedMultiplyAdd(Create(a[7]), first, r7a), FusedMultiplyAdd(Create(a[7]), second, r7b));
            }

            if (THeight.Rows > 8)
            {
                (r8a, r8b) = (FusedMultiplyAdd(Create(a[8]), first, r8a), FusedMultiplyAdd(Create(a[8]), second, r8b));
                (r9a, r9b) = (FusedMultiplyAdd(Create(a[9]), first, r9a), FusedMultiplyAdd(Create(a[9]), second, r9b));
                (r10a, r10b) = (FusedMultiplyAdd(Create(a[10]), first, r10a), FusedMultiplyAdd(Create(a[10]), second, r10b));
                (r11a, r11b) = (FusedMultiplyAdd(Create(a[11]), first, r11a), FusedMultiplyAdd(Create(a[11]), second, r11b));
            }
        }

        Put(0, r0a, r0b);
        Put(1, r1a, r1b);
        Put(2, r2a, r2b);
        Put(3, r3a, r3b);
        Put(4, r4a, r4b);
        Put(5, r5a, r5b);
        Put(6, r6a, r6b);
        Put(7, r7a, r7b);
        Put(8, r8a, r8b);
        Put(9, r9a, r9b);
        Put(10, r10a, r10b);
        Put(11, r11a, r11b);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Put(int row, Vector512<float> first, Vector512<float> second)
        {
            if (row >= THeight.Rows || row >= rows)
                return;
            Vector512.Store(first, c + ((long)row * stride));
            Vector512.Store(second, c + ((long)row * stride) + 16);
        }
    }

    /// <summary>What matrices get of a product's gradient: result [widths] ← Σ over rows of a row of a times one of b.</summary>
    internal static void Gradient(Room<T> a, Room<T> b, Room<T> result, int rows)
    {
        result.Hold(a.Width);
        if (Packs && MatrixProduct.Takes(a.Width, b.Width))
        {
            MatrixProduct.Multiply((float*)a[0], true, (float*)b[0], false, (float*)result[0], a.Width, rows, b.Width);
            return;
        }

        using var scope = NewDisposeScope();
        result.Rows(0, a.Width).copy_(a.Rows(0, rows).t().mm(b.Rows(0, rows)));
    }

    private static Room<T> Held(int width, int rows)
    {
        var room = new Room<T>(width);
        room.Hold(rows);
        return room;
    }

    public void Dispose()
    {
        Source.Dispose();
        _packed.Dispose();
        _rows.Dispose();
    }

    private interface IHeight
    {
        static abstract int Rows { get; }
    }

    private readonly struct One : IHeight
    {
        public static int Rows => 1;
    }

    private readonly struct Two : IHeight
    {
        public static int Rows => 2;
    }

    private readonly struct Four : IHeight
    {
        public static int Rows => 4;
    }

    private readonly struct Eight : IHeight
    {
        public static int Rows => 8;
    }

    private readonly struct Twelve : IHeight
    {
        public static int Rows => 12;
    }
}
