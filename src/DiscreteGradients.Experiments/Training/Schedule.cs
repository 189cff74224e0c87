namespace DiscreteGradients.Experiments;

/// <summary>Learning rates over time, from a step, 0, 1, …, to a learning rate.</summary>
internal static class Schedule
{
    /// <summary>From <paramref name="first"/> to <paramref name="last"/> along half a cosine of so many steps, then constant.</summary>
    /// <remarks>Reference: Loshchilov, Hutter 2017, arXiv 1608.03983, equation 5, without restarts.</remarks>
    internal static Func<long, double> Cosine(double first, double last, long steps) =>
        step => last + ((first - last) * (1 + Math.Cos(Math.PI * Math.Min(step, steps) / steps)) / 2);

    /// <summary>In a straight line from <paramref name="first"/> to <paramref name="last"/> after so many steps, then constant.</summary>
    internal static Func<long, double> Linear(double first, double last, long steps) =>
        step => first + ((last - first) * Math.Min(step, steps) / steps);

    /// <summary>Times <paramref name="factor"/> after every so many steps.</summary>
    internal static Func<long, double> Stairs(double first, double factor, long steps) => step => first * Math.Pow(factor, step / steps);

    /// <summary>Another schedule, reached in a straight line from zero in its first steps: the very first has 1/steps of it.</summary>
    internal static Func<long, double> WarmedUp(this Func<long, double> schedule, long steps) =>
        step => schedule(step) * Math.Min(1, (step + 1.0) / steps);
}
