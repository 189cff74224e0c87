namespace DiscreteGradients.Experiments;

/// <summary>SplitMix64: the same numbers on every machine and every version of .NET, for what is drawn by code.</summary>
internal sealed class SplitMix(ulong state)
{
    internal float Uniform(float low, float high)
    {
        state += 0x9e3779b97f4a7c15;
        var mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return low + (high - low) * ((mixed ^ (mixed >> 31)) >> 40) / (1 << 24);
    }
}
