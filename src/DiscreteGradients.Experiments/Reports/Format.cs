namespace DiscreteGradients.Experiments;

/// <summary>Numbers as people read them.</summary>
internal static class Format
{
    /// <summary>Five significant digits for numbers of every size.</summary>
    internal static string Number(double value) => value.ToString(Pattern(value), CultureInfo.InvariantCulture);

    internal static string Number(double? value) => value is { } v ? Number(v) : "";

    /// <summary>Mean ± std; the mean alone for one seed.</summary>
    internal static string Number(Spread? spread) => spread is not { } s ? ""
        : double.IsNaN(s.Std) ? Number(s.Mean)
        : s.Mean < 1 && s.Std < 0.001
            ? FormattableString.Invariant($"{s.Mean:0.00000} ± {s.Std:0.00000}")  // four decimals would show a deviation of zero
            : $"{Number(s.Mean)} ± {s.Std.ToString(Pattern(s.Mean), CultureInfo.InvariantCulture)}";

    internal static string Duration(double seconds)
    {
        var time = TimeSpan.FromSeconds(Math.Ceiling(Math.Clamp(seconds, 0, 1e8)));
        return time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}" : $"{time.Minutes}:{time.Seconds:00}";
    }

    internal static string Milliseconds(double seconds) =>
        (seconds * 1e3).ToString(seconds < 1e-2 ? "0.00" : seconds < 0.1 ? "0.0" : "0", CultureInfo.InvariantCulture) + " ms";

    /// <summary>Of something that took no time, such as no steps at all, there is none.</summary>
    internal static string Rate(double perSecond) => double.IsNaN(perSecond) ? "no"
        : perSecond.ToString(perSecond < 10 ? "0.0" : "0", CultureInfo.InvariantCulture);

    /// <summary>Such as <c>1 seed</c> or <c>2 seeds</c>.</summary>
    internal static string Count(long count, string word) => count == 1 ? $"1 {word}" : $"{count} {word}s";

    /// <summary>With a capital letter.</summary>
    internal static string Capital(string sentence) => char.ToUpperInvariant(sentence[0]) + sentence[1..];

    private static string Pattern(double value) =>
        Math.Abs(value) switch { >= 1000 => "0.0", >= 100 => "0.00", >= 10 => "0.000", _ => "0.0000" };
}
