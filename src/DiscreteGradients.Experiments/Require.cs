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

    internal static void Between(int minimum, int maximum, int value, string option)
    {
        if (value < minimum || value > maximum)
            throw new OptionException($"--{option} must be from {minimum} to {maximum}; got {value}.");
    }
}
