using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using DiscreteGradients.Fused;
using static System.Runtime.Intrinsics.Vector512;

namespace DiscreteGradients.Experiments;

/// <summary>C [M, N] = A [M, K] · B [K, N] in float32 with 512-bit vectors, for processors on which libtorch does not use theirs.</summary>
/// <remarks>
/// On AMD processors libtorch's MKL keeps to 256-bit vectors, half of what the processor can (docs/performance.md). One tile of 12 × 32
/// results is held in registers while it runs along K, reading both operands in the order in which they were packed. The last tile of a row
/// or column overlaps the one before instead of being cut. Every result is one sum in the order of K, on any number of threads.
/// </remarks>
internal static unsafe class MatrixProduct
{
    private const int Height = 12;
    private const int Width = 32;

    /// <summary>Multiplications below which a second thread costs more than it brings.</summary>
    private const long WorthAThread = 1 << 21;

    /// <summary>Whether this processor's own vectors are wider than those that libtorch uses.</summary>
    internal static bool IsWorthwhile { get; } =
        Vector512.IsHardwareAccelerated && Avx512F.IsSupported && X86Base.CpuId(0, 0) is { Ebx: 0x68747541 };  // "Auth" of AuthenticAMD

    /// <summary>Whether the operands are large enough for a tile.</summary>
    internal static bool Takes(long m, long n) => m >= Height && n >= Width;

    /// <summary>Multiplies row-major matrices, either of which may be given as its transpose.</summary>
    /// <param name="a">A [M, K], or [K, M] if transposed.</param>
    /// <param name="b">B [K, N], or [N, K] if transposed.</param>
    /// <param name="c">Result [M, N].</param>
    /// <param name="m">M ≥ 12.</param>
    /// <param name="n">N ≥ 32.</param>
    /// <param name="bias">Added to every row [N], or null.</param>
    /// <param name="slope">What negative results are multiplied by, from 0 to 1.</param>
    internal static void Multiply(
        float* a, bool transposeA, float* b, bool transposeB, float* c, int m, int k, int n, float* bias = null, float slope = 1)
    {
        var tiles = (m + Height - 1) / Height;
        var panels = (n + Width - 1) / Width;
        var rented = ArrayPool<float>.Shared.Rent(tiles * Height * k);
        fixed (float* pinned = rented)
        {
            var packed = pinned;
            for (var tile = 0; tile < tiles; tile++)
                PackA(a, transposeA, m, k, Row(tile), packed + (tile * Height * k));

            var threads = (long)m * k * n < WorthAThread ? 1 : Math.Min(get_num_threads(), panels);
            if (threads == 1)
                Panels(0, panels);
            else
                Blocks.OnThreads(threads, t => Panels(panels * t / threads, panels * (t + 1) / threads));

            int Row(int tile) => Math.Min(tile * Height, m - Height);

            void Panels(int first, int end)
            {
                var panel = ArrayPool<float>.Shared.Rent(Width * k);
                fixed (float* to = panel)
                {
                    for (var p = first; p < end; p++)
                    {
                        var column = Math.Min(p * Width, n - Width);
                        PackB(b, transposeB, k, n, column, to);
                        for (var tile = 0; tile < tiles; tile++)
                        {
                            var place = c + ((long)Row(tile) * n) + column;
                            Tile(k, packed + (tile * Height * k), to, place, n, bias is null ? null : bias + column, slope);
                        }
                    }
                }

                ArrayPool<float>.Shared.Return(panel);
            }
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    /// <summary>Twelve rows of A in the order in which a tile reads them, [K, 12].</summary>
    private static void PackA(float* a, bool transposed, int m, int k, int row, float* to)
    {
        if (!transposed)
        {
            Transpose(a + ((long)row * k), k, Height, k, to);
            return;
        }

        var from = a + row;
        for (var i = 0; i < k; i++, from += m, to += Height)
        {
            Vector256.Store(Vector256.Load(from), to);
            Vector128.Store(Vector128.Load(from + 8), to + 8);
        }
    }

    /// <summary>Thirty-two columns of B in the order in which a tile reads them, [K, 32].</summary>
    private static void PackB(float* b, bool transposed, int k, int n, int column, float* to)
    {
        if (transposed)
        {
            Transpose(b + ((long)column * k), k, Width, k, to);
            return;
        }

        var from = b + column;
        for (var i = 0; i < k; i++, from += n, to += Width)
        {
            Vector512.Store(Vector512.Load(from), to);
            Vector512.Store(Vector512.Load(from + 16), to + 16);
        }
    }

    /// <summary>Rows [rows, length] with that stride become [length, rows]; rows is a multiple of four.</summary>
    internal static void Transpose(float* from, int stride, int rows, int length, float* to)
    {
        var i = 0;
        for (; i <= length - 4; i += 4)
        {
            for (var r = 0; r < rows; r += 4)
            {
                var source = from + ((long)r * stride) + i;
                var (x0, x1) = (Vector128.Load(source), Vector128.Load(source + stride));
                var (x2, x3) = (Vector128.Load(source + (2L * stride)), Vector128.Load(source + (3L * stride)));
                var (low01, high01) = (Sse.UnpackLow(x0, x1), Sse.UnpackHigh(x0, x1));
                var (low23, high23) = (Sse.UnpackLow(x2, x3), Sse.UnpackHigh(x2, x3));
                var target = to + ((long)i * rows) + r;
                Vector128.Store(Sse.MoveLowToHigh(low01, low23), target);
                Vector128.Store(Sse.MoveHighToLow(low23, low01), target + rows);
                Vector128.Store(Sse.MoveLowToHigh(high01, high23), target + (2 * rows));
                Vector128.Store(Sse.MoveHighToLow(high23, high01), target + (3 * rows));
            }
        }

        for (; i < length; i++)
        {
            for (var r = 0; r < rows; r++)
                to[((long)i * rows) + r] = from[((long)r * stride) + i];
        }
    }

    /// <summary>Twelve rows by thirty-two columns of C, all held in registers along K.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile(int k, float* a, float* b, float* c, int stride, float* bias, float slope)
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
        for (var i = 0; i < k; i++, a += Height, b += Width)
        {
            var (first, second) = (Vector512.Load(b), Vector512.Load(b + 16));
            (r0a, r0b) = (FusedMultiplyAdd(Create(a[0]), first, r0a), FusedMultiplyAdd(Create(a[0]), second, r0b));
            (r1a, r1b) = (FusedMultiplyAdd(Create(a[1]), first, r1a), FusedMultiplyAdd(Create(a[1]), second, r1b));
            (r2a, r2b) = (FusedMultiplyAdd(Create(a[2]), first, r2a), FusedMultiplyAdd(Create(a[2]), second, r2b));
            (r3a, r3b) = (FusedMultiplyAdd(Create(a[3]), first, r3a), FusedMultiplyAdd(Create(a[3]), second, r3b));
            (r4a, r4b) = (FusedMultiplyAdd(Create(a[4]), first, r4a), FusedMultiplyAdd(Create(a[4]), second, r4b));
            (r5a, r5b) = (FusedMultiplyAdd(Create(a[5]), first, r5a), FusedMultiplyAdd(Create(a[5]), second, r5b));
            (r6a, r6b) = (FusedMultiplyAdd(Create(a[6]), first, r6a), FusedMultiplyAdd(Create(a[6]), second, r6b));
            (r7a, r7b) = (FusedMultiplyAdd(Create(a[7]), first, r7a), FusedMultiplyAdd(Create(a[7]), second, r7b));
            (r8a, r8b) = (FusedMultiplyAdd(Create(a[8]), first, r8a), FusedMultiplyAdd(Create(a[8]), second, r8b));
            (r9a, r9b) = (FusedMultiplyAdd(Create(a[9]), first, r9a), FusedMultiplyAdd(Create(a[9]), second, r9b));
            (r10a, r10b) = (FusedMultiplyAdd(Create(a[10]), first, r10a), FusedMultiplyAdd(Create(a[10]), second, r10b));
            (r11a, r11b) = (FusedMultiplyAdd(Create(a[11]), first, r11a), FusedMultiplyAdd(Create(a[11]), second, r11b));
        }

        var (left, right) = bias is null ? default : (Vector512.Load(bias), Vector512.Load(bias + 16));
        var below = Vector512.Create(slope);
        Put(r0a, r0b, c);
        Put(r1a, r1b, c + stride);
        Put(r2a, r2b, c + (2L * stride));
        Put(r3a, r3b, c + (3L * stride));
        Put(r4a, r4b, c + (4L * stride));
        Put(r5a, r5b, c + (5L * stride));
        Put(r6a, r6b, c + (6L * stride));
        Put(r7a, r7b, c + (7L * stride));
        Put(r8a, r8b, c + (8L * stride));
        Put(r9a, r9b, c + (9L * stride));
        Put(r10a, r10b, c + (10L * stride));
        Put(r11a, r11b, c + (11L * stride));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Put(Vector512<float> first, Vector512<float> second, float* to)
        {
            (first, second) = (first + left, second + right);
            Vector512.Store(Vector512.Max(first, first * below), to);
            Vector512.Store(Vector512.Max(second, second * below), to + 16);
        }
    }
}
