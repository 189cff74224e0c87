using System.Runtime.InteropServices;

namespace DiscreteGradients.Experiments;

/// <summary>
/// The generators of a seed. libtorch's own seeding takes 32 bits of a seed on the CPU, so that 2^32 would be the same as 0; here every bit
/// counts, and what fits into 32 bits gives libtorch's numbers.
/// </summary>
/// <remarks>
/// Larger numbers go in as an array, in the way of the generator's authors (Matsumoto and Nishimura, mt19937ar.c, 2002), which is how
/// Python's <c>random.seed</c> takes them. On a GPU libtorch takes 64 bits by itself.
/// </remarks>
internal static class Seeds
{
    private const ulong ArraySeed = 19650218;

    /// <summary>Where libtorch's state of a generator, as bytes, holds the words of the twister; a word of 32 bits fills 64.</summary>
    private const int FirstWord = 3;
    private const int Words = 624;

    /// <summary>Seeds in a row.</summary>
    /// <exception cref="OptionException">One of them is negative, or beyond the largest number.</exception>
    internal static long[] InARow(long first, int count)
    {
        Check(first);
        return first <= long.MaxValue - (count - 1)
            ? [.. Enumerable.Range(0, count).Select(i => first + i)]
            : throw new OptionException(
                $"--seeds {count} from --seed {first} on go beyond the largest seed, {long.MaxValue}; use a smaller --seed.");
    }

    /// <exception cref="OptionException">The seed is negative.</exception>
    internal static void Check(long seed)
    {
        if (seed < 0)
            throw new OptionException($"--seed must be at least 0; got {seed}.");
    }

    /// <summary>A generator for one purpose of a seed.</summary>
    /// <param name="seed">At least 0.</param>
    /// <param name="purpose">0, 1, …</param>
    /// <param name="purposes">How many numbers lie between two seeds; 1 if the purposes of one may meet those of the next.</param>
    /// <param name="device">Null for the CPU.</param>
    internal static Generator Generator(long seed, int purpose = 0, int purposes = 1, Device? device = null)
    {
        Check(seed);
        return Generator(((UInt128)seed * (uint)purposes) + (uint)purpose, device);
    }

    /// <summary>A generator for a further purpose, 1, 2, …: one that no seed has for its first purpose.</summary>
    internal static Generator Apart(long seed, int purpose, Device? device = null)
    {
        Check(seed);
        return Generator(((UInt128)purpose << 64) + (ulong)seed, device);
    }

    /// <summary>A generator for measurements in an epoch, of a seed with four purposes: no other seed has it in that epoch.</summary>
    internal static Generator OfEpoch(long seed, int epoch, Device? device = null)
    {
        const long Small = (1L << 32) / 4;  // those whose generators are libtorch's own
        return Generator(((UInt128)(seed / Small) << 32) + unchecked((uint)((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)epoch)), device);
    }

    /// <summary>The generator of a number.</summary>
    internal static Generator Generator(UInt128 number, Device? device = null)
    {
        if (number <= uint.MaxValue || device is { type: not DeviceType.CPU })
            return new Generator((ulong)number, device);
        var generator = new Generator(ArraySeed, device);
        using var state = generator.get_state();
        Mix(MemoryMarshal.Cast<byte, ulong>(state.bytes).Slice(FirstWord, Words), number);
        generator.set_state(state);
        return generator;
    }

    /// <summary>init_by_array of mt19937ar.c, with the number's 32-bit digits from the lowest to the highest that is not zero.</summary>
    private static void Mix(Span<ulong> words, UInt128 number)
    {
        var digits = new List<uint>();
        for (; number != 0; number >>= 32)
            digits.Add((uint)number);

        var at = 1;
        for (var step = 0; step < Words; step++)
        {
            var digit = step % digits.Count;
            Set(words, ref at, (Word(words, at) ^ (Folded(words, at) * 1664525)) + digits[digit] + (uint)digit);
        }

        for (var step = 1; step < Words; step++)
            Set(words, ref at, (Word(words, at) ^ (Folded(words, at) * 1566083941)) - (uint)at);
        words[0] = 0x80000000;

        static uint Word(Span<ulong> words, int at) => (uint)words[at];

        static uint Folded(Span<ulong> words, int at) => Word(words, at - 1) ^ (Word(words, at - 1) >> 30);

        static void Set(Span<ulong> words, ref int at, uint word)
        {
            words[at] = word;
            if (++at < Words)
                return;
            words[0] = words[Words - 1];
            at = 1;
        }
    }
}
