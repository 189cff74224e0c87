namespace DiscreteGradients;

/// <summary>Where f is evaluated for one estimate, and with which weights its values there estimate E[f].</summary>
/// <param name="Z">One-hot points [S, B.., L, K].</param>
/// <param name="Weights">[S, B..]: the weighted sum of f at the points has the mean E[f]. Null means 1/S each.</param>
public readonly record struct Points(Tensor Z, Tensor? Weights = null);
