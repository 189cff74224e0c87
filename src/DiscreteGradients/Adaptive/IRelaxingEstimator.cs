namespace DiscreteGradients;

/// <summary>
/// Marks an estimator that also evaluates f, and differentiates it, between the corners: f is given rows of probabilities besides one-hot
/// samples, and must accept them.
/// </summary>
public interface IRelaxingEstimator;
