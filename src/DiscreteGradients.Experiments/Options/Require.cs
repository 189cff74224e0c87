namespace DiscreteGradients.Experiments;

/// <summary>Checks of experiment options, in the words of the command line.</summary>
internal static class Require
{
    internal static void Positive(double value, string option)
    {
        if (!(value > 0) || !double.IsFinite(value))
            throw new OptionException($"--{option} must be a finite number above 0; got {value}.");
    }

    internal static void AtLeast(int minimum, int value, string option)
    {
        if (value < minimum)
            throw new OptionException($"--{option} must be at least {minimum}; got {value}.");
    }

    /// <summary>Null if so many bytes may fit into memory, else the words for them.</summary>
    internal static string? Memory(double bytes) => bytes <= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes
        ? null
        : FormattableString.Invariant($"{bytes / (1 << 30):0} GiB of memory, more than there is here");

    internal static void Between(int minimum, int maximum, int value, string option)
    {
        if (value < minimum || value > maximum)
            throw new OptionException($"--{option} must be from {minimum} to {maximum}; got {value}.");
    }
}
