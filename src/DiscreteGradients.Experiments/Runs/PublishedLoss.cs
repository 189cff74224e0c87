namespace DiscreteGradients.Experiments;

/// <summary>Whose numbers these are.</summary>
/// <param name="Name">For the head of a column.</param>
/// <param name="Description">Where they are from and what they are, as the rest of a sentence.</param>
public sealed record PublishedSource(string Name, string Description);

/// <summary>Losses of the last epoch that others report for the same task and estimator.</summary>
/// <param name="Source">Whose numbers these are.</param>
/// <param name="Train">Over n seeds; the deviation is NaN where none is known.</param>
/// <param name="Test">Likewise.</param>
public sealed record PublishedLoss(PublishedSource Source, Spread Train, Spread? Test = null)
{
    /// <summary>What to know before comparing with <see cref="Train"/>; null if nothing.</summary>
    public string? TrainCaveat { get; init; }

    /// <summary>What to know before comparing with <see cref="Test"/>; null if nothing.</summary>
    public string? TestCaveat { get; init; }
}

/// <summary>Where a run of ours ends beside a published number.</summary>
public enum Verdict
{
    /// <summary>At most two combined standard deviations off.</summary>
    Within,

    /// <summary>Lower than that.</summary>
    Below,

    /// <summary>Higher than that, or diverged.</summary>
    Above,
}

/// <summary>Compares means over seeds.</summary>
public static class Verdicts
{
    /// <summary>
    /// Within if |ours − theirs| ≤ 2 √(s² + t²), where s and t are the standard deviations over seeds. For one seed of ours t stands for
    /// both; null if theirs is one seed, of which nobody knows how far another would be.
    /// </summary>
    public static Verdict? Of(Spread ours, Spread theirs)
    {
        if (theirs.N < 2)
            return null;
        var (s, t) = (ours.N < 2 ? theirs.Std : ours.Std, theirs.Std);
        var difference = ours.Mean - theirs.Mean;
        return Math.Abs(difference) <= 2 * Math.Sqrt(s * s + t * t) ? Verdict.Within : difference < 0 ? Verdict.Below : Verdict.Above;
    }
}
