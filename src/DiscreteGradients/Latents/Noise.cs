using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DiscreteGradients;

/// <summary>
/// The randomness of one call on the CPU: one 64-bit key drawn from the caller's generator, and numbers that are a function of the key and
/// their index. They can be drawn again, in any order, on any number of threads and with any vector width, and nothing is stored.
/// </summary>
/// <remarks>
/// SplitMix64 (Steele, Lea, Flood 2014) run as a counter, with a second half of the key added between its two multiplications, so that two
/// keys whose counters overlap still give different numbers.
/// </remarks>
public readonly struct Noise
{
    private const ulong Golden = 0x9E3779B97F4A7C15;
    private const ulong FirstFactor = 0xBF58476D1CE4E5B9;
    private const ulong SecondFactor = 0x94D049BB133111EB;

    private readonly ulong _start;
    private readonly ulong _middle;

    private Noise(ulong seed) => (_start, _middle) = (Mix(seed + Golden, 0), Mix(seed + unchecked(2 * Golden), 0));

    /// <summary>Draws the key: every sample takes one number from the generator, whatever its shape and estimator.</summary>
    internal static Noise Draw(Generator? generator)
    {
        using var key = randint(0, long.MaxValue, [1], ScalarType.Int64, generator?.device, generator: generator);
        return new Noise(key.device_type == DeviceType.CPU ? MemoryMarshal.Read<ulong>(key.bytes) : (ulong)key.item<long>());
    }

    /// <summary>The numbers of that seed for a purpose: the same at every call.</summary>
    internal static Noise Seeded(long seed, int purpose) => new(Mix((ulong)seed + ((ulong)(purpose + 1) * Golden), 0));

    /// <summary>An independent source with the same key, for numbers of another kind.</summary>
    internal Noise Other() => new(_start ^ _middle);

    /// <summary>The rule of every estimator: what the gradient of a sample draws is independent of what the sample drew.</summary>
    internal Noise ForGradient() => Other();

    /// <summary>
    /// Standard exponential numbers [draws, .., K] for the gradient of a sample of the shape of <paramref name="like"/> [.., K], in its
    /// dtype and on its device; never zero. The same numbers at every call.
    /// </summary>
    public Tensor Exponential(int draws, Tensor like)
    {
        Check.AtLeast(1, draws);
        Check.Like(like);
        Check.Room(draws, "draws", like.shape, like.dtype, like.device);
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        if (like.device_type != DeviceType.CPU)
        {
            var uniform = 1 - rand([draws, .. like.shape], like.dtype, like.device, generator: OnDevice(like.device));
            return uniform.log().neg().clamp_min(Math.ScaleB(1, -25)).MoveToOuterDisposeScope();
        }

        var values = empty([draws, .. like.shape], like.dtype);
        for (var draw = 0; draw < draws && like.numel() > 0; draw++)
        {
            if (like.dtype == ScalarType.Float64)
                Exponential<double>(values[draw], draw);
            else
                Exponential<float>(values[draw], draw);
        }

        return values.MoveToOuterDisposeScope();
    }

    /// <summary>One draw [.., K] from the blocks that the fused kernels use.</summary>
    private unsafe void Exponential<T>(Tensor values, int draw) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var categories = (int)values.shape[^1];
        var rows = values.numel() / categories;
        var atOnce = RowLayout.PerBlock(categories);
        var result = Memory.Address<T>(values);
        Span<T> block = new T[RowLayout.Size((int)Math.Min(rows, atOnce), categories)];
        for (long first = 0; first < rows; first += atOnce)
        {
            var count = (int)Math.Min(atOnce, rows - first);
            var part = block[..RowLayout.Size(count, categories)];
            Exponential(part, draw, first, rows, categories);
            for (var row = 0; row < count; row++)
            {
                for (var k = 0; k < categories; k++)
                {
                    result[((first + row) * categories) + k] = categories <= RowLayout.ByCategory
                        ? part[(k * RowLayout.PaddedRows(count)) + row]
                        : part[(row * RowLayout.Padded(categories)) + k];
                }
            }
        }
    }

    /// <summary>53-bit uniform numbers [samples, rows] in [0, 1) on any device.</summary>
    internal unsafe Tensor Uniform(int samples, long rows, Device device)
    {
        Check.Room(samples, "samples", [rows], ScalarType.Float64, device);
        if (device.type != DeviceType.CPU)
            return rand([samples, rows], ScalarType.Float64, device, generator: OnDevice(device));

        var values = empty([samples, rows], ScalarType.Float64);
        var count = values.numel();
        var result = count > 0 ? Memory.Address<double>(values) : null;
        for (long i = 0; i < count; i++)
            result[i] = Uniform(i);
        return values;
    }

    /// <summary>Uniform numbers from 0 to 1 of the shape, dtype and device of a float32 or float64 tensor.</summary>
    internal unsafe Tensor UniformLike(Tensor like)
    {
        if (like.device_type != DeviceType.CPU || like.dtype != ScalarType.Float32 || like.numel() == 0)
            return Uniform(1, like.numel(), like.device).to_type(like.dtype).view(like.shape);
        var values = empty(like.shape);
        var to = Memory.Address<float>(values);
        var (count, i) = (values.numel(), 0L);
        for (; i + Vector256<float>.Count <= count; i += Vector256<float>.Count)
            Vector256.Store(Vector512.Narrow(Uniforms(i), Uniforms(i)).GetLower(), to + i);
        for (; i < count; i++)
            to[i] = (float)Uniform(i);
        return values;
    }

    /// <summary>Standard normal numbers of the shape of a float32 or float64 tensor [.., K].</summary>
    internal Tensor Normal(Tensor like)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var radius = (2 * Exponential(1, like).squeeze(0)).sqrt();
        return (radius * (2 * Math.PI * Other().UniformLike(like)).cos()).MoveToOuterDisposeScope();
    }

    /// <summary>True with that probability, independently, of the shape of a tensor.</summary>
    internal Tensor Coin(Tensor like, double probability) =>
        Uniform(1, like.numel(), like.device).view(like.shape) < probability;

    /// <summary>Other devices draw with their own generator, seeded with the key.</summary>
    private Generator OnDevice(Device device) => new(_start, device);

    /// <summary>Standard exponential noise of one draw for the block of rows that begins at <paramref name="first"/>.</summary>
    internal void Exponential<T>(Span<T> block, int draw, long first, long allRows, int categories)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Exponential(block, Start(draw, first, allRows, categories));

    /// <summary>The index of a block's first number.</summary>
    internal static long Start(int draw, long first, long allRows, int categories) =>
        ((long)draw * ((allRows + 15L) & ~15L) * RowLayout.Padded(categories))
        + (first * (categories <= RowLayout.ByCategory ? categories : RowLayout.Padded(categories)));

    /// <summary>The number of that index, uniform in [0, 1) with 53 bits.</summary>
    internal double Uniform(long index) => (Mix(_start + ((ulong)index * Golden), _middle) >> 11) * (1.0 / (1L << 53));

    /// <summary>The numbers of eight indices, from that one on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector512<double> Uniforms(long first) =>
        Vector512.ConvertToDouble(Mix(Counter(first)) >>> 11) * Vector512.Create(1.0 / (1L << 53));

    /// <summary>Standard exponential numbers −log(u), u = (i + ½) / 2^b with b = 23 bits in single and 52 in double precision.</summary>
    internal void Exponential<T>(Span<T> values, long firstIndex)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (var i = 0; i < values.Length; i += Vector512<T>.Count)
            Rows.Store(Exponential<T>(firstIndex + i), values, i);
    }

    /// <summary>One vector of them. The index is even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector512<T> Exponential<T>(long firstIndex)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Exponential<T>(Mix(Counter(typeof(T) == typeof(float) ? firstIndex / 2 : firstIndex)));

    /// <summary>The same for indices that are an even <paramref name="stride"/> apart.</summary>
    internal Vector512<T> Exponential<T>(long firstIndex, long stride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(double))
            return Exponential<T>(Mix(Counter(firstIndex, stride)));
        var half = (int)(firstIndex & 1) * 32;
        var (low, high) = (Counter(firstIndex / 2, stride / 2), Counter((firstIndex / 2) + (4 * stride), stride / 2));
        return Exponential<T>(Vector512.Narrow(Mix(low) >>> half, Mix(high) >>> half).AsUInt64());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Exponential<T>(Vector512<ulong> words)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Random mantissas under the exponent of [1, 2): one double, or two singles, a word.
        var single = typeof(T) == typeof(float);
        words >>>= single ? 9 : 12;
        words &= Vector512.Create(single ? 0x007FFFFF_007FFFFFul : 0x000FFFFF_FFFFFFFFul);
        words |= Vector512.Create(single ? 0x3F800000_3F800000ul : 0x3FF00000_00000000ul);
        var half = T.CreateTruncating(single ? 1.0 / (1 << 24) : 1.0 / (1L << 53));
        return -Elementary.Log(words.As<ulong, T>() - Vector512.Create(T.One - half));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<ulong> Counter(long first, long stride = 1) =>
        (Vector512<ulong>.Indices * Vector512.Create(Golden * (ulong)stride)) + Vector512.Create(_start + ((ulong)first * Golden));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<ulong> Mix(Vector512<ulong> z)
    {
        z = ((z ^ (z >>> 30)) * Vector512.Create(FirstFactor)) + Vector512.Create(_middle);
        z = (z ^ (z >>> 27)) * Vector512.Create(SecondFactor);
        return z ^ (z >>> 31);
    }

    private static ulong Mix(ulong z, ulong middle)
    {
        z = ((z ^ (z >> 30)) * FirstFactor) + middle;
        z = (z ^ (z >> 27)) * SecondFactor;
        return z ^ (z >> 31);
    }
}
