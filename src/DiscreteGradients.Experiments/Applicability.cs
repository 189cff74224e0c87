namespace DiscreteGradients.Experiments;

/// <summary>What estimators ask of the latents, in the words of the command line.</summary>
internal static class Applicability
{
    /// <summary>Null if the estimator takes latents of so many categories, else one sentence that says why not.</summary>
    internal static string? WhyNot(GradientEstimator estimator, int categories) =>
        estimator is IBinaryEstimator && categories != 2 ? $"it needs 2 categories a latent; got {categories}: use --categories 2." : null;

    /// <summary>Null if a training step of that size can use the estimator, else one sentence that says why not.</summary>
    internal static string? WhyNot(GradientEstimator estimator, int categories, int latents, int batch) =>
        estimator is ExactEnumeration exact ? Enumeration.WhyNot(exact, categories, latents, batch)
        : estimator.Law() != SamplingLaw.Softmax ? "it draws from another law than softmax(logits), which the loss here is about."
        : WhyNot(estimator, categories);

    /// <summary>The samples with which a method evaluates f so many times for each example; null if there are none.</summary>
    internal static int? Samples(MethodEntry method, int evaluations, int latents, int categories)
    {
        var fitting = Enumerable.Range(1, evaluations).FirstOrDefault(Fits);
        return fitting > 0 ? fitting : null;

        bool Fits(int samples)
        {
            try
            {
                return method.With(new Dictionary<string, object> { ["samples"] = samples })
                    .Estimator.Evaluations(latents, categories) == evaluations;
            }
            catch (OptionException)
            {
                return false;
            }
        }
    }

    /// <summary>Null if a step's samples, and as much again that f makes of them, may fit into memory, else one sentence.</summary>
    internal static string? Memory(int categories, int latents, int batch, long evaluations) =>
        Require.Memory(2.0 * sizeof(float) * evaluations * batch * latents * categories) is { } much
            ? $"a step takes at least {much}; use a smaller --batch, or fewer --latents or --samples."
            : null;
}
