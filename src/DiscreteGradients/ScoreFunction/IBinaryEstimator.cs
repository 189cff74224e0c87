namespace DiscreteGradients;

/// <summary>
/// Marks an estimator of Bernoulli latents: it needs K = 2, and <see cref="GradientEstimator.Estimate"/> refuses any other number of categories.
/// </summary>
public interface IBinaryEstimator;
