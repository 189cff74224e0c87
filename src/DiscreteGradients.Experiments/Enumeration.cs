namespace DiscreteGradients.Experiments;

/// <summary>What exact enumeration costs in training.</summary>
internal static class Enumeration
{
    /// <summary>Numbers in the one-hot states of all examples of a step; a step holds some ten tensors of that size.</summary>
    private const long LargestTensor = 1 << 25;

    /// <summary>Null if a step can be enumerated, else one sentence that says why not.</summary>
    internal static string? WhyNot(ExactEnumeration exact, int categories, int latents, int batch)
    {
        var states = Math.Pow(categories, latents);
        if (states > exact.MaximumStates)
        {
            return $"exact enumeration needs all {categories}^{latents} states at every step; "
                + $"at most {exact.MaximumStates} can be: use fewer --latents.";
        }

        return states * batch * latents * categories > LargestTensor
            ? $"exact enumeration of {states} states for each of the {batch} examples of a step needs too much memory; "
                + "use a smaller --batch."
            : null;
    }
}
