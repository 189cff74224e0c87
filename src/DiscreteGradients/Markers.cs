namespace DiscreteGradients;

/// <summary>Marks an estimator that needs K = 2; <see cref="GradientEstimator.Estimate"/> refuses any other number of categories.</summary>
public interface IBinaryEstimator;

/// <summary>Marks an estimator that also evaluates f, and differentiates it, between the corners: at rows of probabilities.</summary>
public interface IRelaxingEstimator;
