using System.Buffers.Binary;

namespace DiscreteGradients.Experiments;

/// <summary>
/// The bytes of a generator's state. libtorch trusts most of them: others than its own end the process, or let it read beyond its memory.
/// </summary>
/// <remarks>
/// On the CPU they are <c>CPUGeneratorImplState</c>: the seed (8 bytes), how many words are left (4), whether it is seeded (4), the next
/// word (8), the 624 words of the Mersenne twister (8 each, of which 4 are used), three numbers of a normal sample (8 each) and whether
/// there is one (4), a float (4) and whether it is one (1), and padding. On CUDA they are a seed and an offset (8 each).
/// </remarks>
internal static class GeneratorState
{
    private const int CpuBytes = 5056;
    private const int CudaBytes = 16;
    private const int Words = 624;

    private const int Left = 8;
    private const int Seeded = 12;
    private const int Next = 16;
    private const int State = 24;
    private const int NormalX = State + (8 * Words);
    private const int NormalY = NormalX + 8;
    private const int NormalRho = NormalY + 8;
    private const int HasNormal = NormalRho + 8;
    private const int NormalFloat = HasNormal + 8;
    private const int HasFloat = NormalFloat + 4;

    /// <summary>Why no generator can have been in this state, as the end of a sentence; null if one can.</summary>
    internal static string? Flaw(ReadOnlySpan<byte> state) => state.Length switch
    {
        CpuBytes => CpuFlaw(state),
        CudaBytes => Long(state, 8) is >= 0 and var offset && offset % 4 == 0 ? null : "its offset is none",
        _ => $"it has {state.Length} bytes",
    };

    private static string? CpuFlaw(ReadOnlySpan<byte> state)
    {
        if (Int(state, Seeded) != 1)
            return "it is not seeded";
        var (left, next) = (Int(state, Left), Long(state, Next));
        var isFresh = left == 1 && next == 0;
        if (!isFresh && !(left is >= 1 and <= Words && left + next == Words + 1))
            return $"{left} of its {Words} words are left, and word {next} is next";

        var any = 0L;
        for (var word = State; word < NormalX; word += 8)
            any |= Long(state, word);
        if (any is <= 0 or > uint.MaxValue)
            return "its words are none of a Mersenne twister";

        var areFlags = Int(state, HasNormal) is 0 or 1 && state[HasFloat] is 0 or 1;
        var areFinite = double.IsFinite(BitConverter.Int64BitsToDouble(Long(state, NormalY)))
            && float.IsFinite(BitConverter.Int32BitsToSingle(Int(state, NormalFloat)));
        return areFlags && areFinite && Long(state, NormalX) == 0 && Long(state, NormalRho) == 0 ? null : "its normal sample is none";
    }

    private static int Int(ReadOnlySpan<byte> state, int place) => BinaryPrimitives.ReadInt32LittleEndian(state[place..]);

    private static long Long(ReadOnlySpan<byte> state, int place) => BinaryPrimitives.ReadInt64LittleEndian(state[place..]);
}
