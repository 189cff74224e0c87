namespace DiscreteGradients;

/// <summary>log p + Gumbel noise, made from standard exponentials E as log p − log E. Its largest entry is at a sample of p.</summary>
internal static class Gumbel
{
    /// <summary>The perturbed log-probabilities.</summary>
    internal static Tensor Perturbed(Tensor logProbabilities, Tensor exponential) => logProbabilities - exponential.log();

    /// <summary>
    /// The same given the sample: minus the log of arrival times in an exponential race. The sample arrives at its own time, and the others
    /// start then.
    /// </summary>
    internal static Tensor Conditional(Tensor logProbabilities, Tensor hard, Tensor exponential)
    {
        var arrival = exponential.log();
        var winner = (arrival * hard).sum([-1], keepdim: true);
        return -where(hard > 0, winner, (arrival - logProbabilities).logaddexp(winner));
    }
}
