namespace DiscreteGradients;

/// <summary>What a router decided for T tokens and N experts: a token's output is Σ wᵢ Eᵢ(x) over the experts chosen for it.</summary>
/// <param name="Chosen">Which experts run for a token, Boolean [T, N].</param>
/// <param name="Weights">w [T, N] with the gradient that teaches the router. Only the chosen entries have a value that counts.</param>
/// <param name="Probabilities">softmax of the scores [T, N], differentiable: what balancing and monitors are about.</param>
/// <param name="IsDense">
/// Whether the gradient at w is wanted for all experts, ⟨u, Eᵢ(x)⟩ with u the gradient at the output. The experts that were not
/// chosen then run too, forward and without a graph.
/// </param>
public sealed record Routing(Tensor Chosen, Tensor Weights, Tensor Probabilities, bool IsDense = false);
