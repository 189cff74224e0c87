namespace DiscreteGradients;

/// <summary>What a mixture of experts did with its last batch: losses that balance the experts, and monitors.</summary>
/// <remarks>Tokens that a mask excludes count nowhere. Tensors belong to the dispose scope in which the layer was called.</remarks>
public sealed class RoutingReport
{
    private readonly Tensor _scores;

    internal RoutingReport(Tensor scores, Tensor probabilities, Tensor chosen, long[] load, long dropped) =>
        (_scores, Probabilities, Chosen, Load, Dropped) = (scores, probabilities, chosen, load, dropped);

    /// <summary>Which experts were chosen for each token that counts, Boolean [T, N], those of dropped rows too.</summary>
    public Tensor Chosen { get; }

    /// <summary>The router's probabilities [T, N], differentiable.</summary>
    public Tensor Probabilities { get; }

    /// <summary>The tokens that chose each expert, dropped ones too.</summary>
    public IReadOnlyList<long> Load { get; }

    /// <summary>Choices that were dropped because an expert's capacity was used up.</summary>
    public long Dropped { get; }

    /// <summary>The same as a share of all choices; 0 where nothing was chosen.</summary>
    public double DroppedShare => (double)Dropped / Math.Max(1, Load.Sum());

    /// <summary>
    /// N Σ fᵢ Pᵢ, with f the share of all choices that went to an expert, a constant, and P its mean probability: 1 for uniform
    /// routing, whatever the number of picks, N if one expert has all; 0 for an empty batch. To be added to the loss with a weight of about
    /// 0.01.
    /// </summary>
    /// <remarks>Reference: Fedus, Zoph, Shazeer 2022, arXiv 2101.03961, equations 4 to 6.</remarks>
    public Tensor BalanceLoss()
    {
        CheckAlive();
        using var scope = NewDisposeScope();
        var total = (double)Math.Max(1, Load.Sum());
        var shares = tensor(Load.Select(count => count / total).ToArray()).to(Probabilities.dtype, Probabilities.device);
        return ((Probabilities.sum([0]) * shares).sum() * (Load.Count / Tokens)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The mean over tokens of (log Σ exp θ)², which keeps scores small; 0 for an empty batch. To be added to the loss with a weight of
    /// about 0.001.
    /// </summary>
    /// <remarks>Reference: Zoph et al. 2022, arXiv 2202.08906, equation 5.</remarks>
    public Tensor ZLoss()
    {
        CheckAlive();
        using var scope = NewDisposeScope();
        return (_scores.narrow(-1, 0, Load.Count).logsumexp(-1).pow(2).sum() / Tokens).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The mean over tokens of the entropy of the router's probabilities in nats: 0 for a router that is sure, log N at most.
    /// </summary>
    public double Entropy()
    {
        CheckAlive();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        return (special.entr(Probabilities).sum(ScalarType.Float64) / Tokens).item<double>();
    }

    private void CheckAlive()
    {
        if (Probabilities.IsInvalid)
        {
            throw new InvalidOperationException(
                "The report's tensors are disposed; read them inside the dispose scope in which the layer was called.");
        }
    }

    private double Tokens => Math.Max(1, Probabilities.shape[0]);
}
