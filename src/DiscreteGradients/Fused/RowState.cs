using System.Numerics;

namespace DiscreteGradients.Fused;

/// <summary>What the backward pass keeps of a row of logits: enough to recompute its softmax in one pass, and the sample.</summary>
/// <param name="Largest">The largest logit.</param>
/// <param name="InverseTotal">1 / Σ exp(logit − largest).</param>
/// <param name="Sampled">The category of the hard sample.</param>
internal readonly record struct RowState<T>(T Largest, T InverseTotal, int Sampled)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
