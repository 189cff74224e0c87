namespace DiscreteGradients.Experiments;

/// <summary>Whose numbers these are.</summary>
/// <param name="Name">For the head of a column.</param>
/// <param name="Description">Where they are from and what they are, as the rest of a sentence.</param>
public sealed record PublishedSource(string Name, string Description);

/// <summary>A metric at the last epoch, as others report it.</summary>
/// <param name="Value">Over n seeds; the deviation is NaN where none is known.</param>
/// <param name="Caveat">What to know before comparing with it; null if nothing.</param>
public sealed record PublishedNumber(string Metric, Spread Value, string? Caveat = null);

/// <summary>What one source reports for the same task and method.</summary>
/// <param name="Source">Whose numbers these are.</param>
/// <param name="Numbers">One for each metric that is reported.</param>
public sealed record PublishedResult(PublishedSource Source, params IReadOnlyList<PublishedNumber> Numbers)
{
    /// <summary>The number of a metric, or null.</summary>
    public PublishedNumber? this[Metric metric] => Numbers.FirstOrDefault(number => number.Metric == metric?.Name);
}

/// <summary>Where a run of ours ends beside a published number.</summary>
public enum Verdict
{
    /// <summary>At most two combined standard deviations off.</summary>
    Within,

    /// <summary>Lower than that.</summary>
    Below,

    /// <summary>Higher than that.</summary>
    Above,
}

/// <summary>Compares means over seeds.</summary>
internal static class Verdicts
{
    /// <summary>
    /// Within if |ours − theirs| ≤ 2 √(s² + t²), where s and t are the standard deviations over seeds. For one seed of ours t stands for
    /// both; null if theirs is one seed, of which nobody knows how far another would be. What has diverged is on the worse side.
    /// </summary>
    public static Verdict? Of(Spread ours, Spread theirs, Direction better = Direction.Lower)
    {
        if (theirs.N < 2)
            return null;
        var (s, t) = (ours.N < 2 ? theirs.Std : ours.Std, theirs.Std);
        var difference = ours.Mean - theirs.Mean;
        return Math.Abs(difference) <= 2 * Math.Sqrt((s * s) + (t * t)) ? Verdict.Within
            : difference < 0 || (double.IsNaN(difference) && better == Direction.Higher) ? Verdict.Below
            : Verdict.Above;
    }
}
