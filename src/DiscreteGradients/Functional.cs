#pragma warning disable CA1707, IDE1006 // The names of the methods are Python's, for people who port PyTorch code.

namespace DiscreteGradients;

/// <summary>The PyTorch names and signatures. TorchSharp has neither function.</summary>
public static class Functional
{
    /// <summary>
    /// Samples from the Gumbel-softmax distribution, as <c>torch.nn.functional.gumbel_softmax</c>.
    /// </summary>
    /// <param name="logits">
    /// Unnormalised log-probabilities, any shape; −∞ masks a category. Rows are numbered with <paramref name="dim"/> moved to the end.
    /// </param>
    /// <param name="tau">Temperature > 0.</param>
    /// <param name="hard">True for one-hot samples that carry the soft sample's gradient; false for the soft sample itself.</param>
    /// <param name="dim">The category axis.</param>
    /// <param name="generator">Source of randomness; null means TorchSharp's default generator.</param>
    public static Tensor gumbel_softmax(Tensor logits, double tau = 1, bool hard = false, long dim = -1, Generator? generator = null)
    {
        Check.Numbers(logits);
        Check.Axis(dim, logits);
        Check.Temperature(tau);
        Check.Generator(generator, logits);

        using var scope = NewDisposeScope();
        var last = logits.movedim([dim], [-1]);
        var sample = hard
            ? new GumbelRao(Draws: 1, tau).Sample(last, generator: generator)
            : GumbelRao.SampleSoft(Check.Rows(Precision.AtLeastSingle(last)), tau, Noise.Draw(generator)).to_type(logits.dtype);
        return sample.movedim([-1], [dim]).alias().MoveToOuterDisposeScope();
    }

    /// <summary>ReinMax with the signature of the Python package: one-hot samples that carry the gradient, and the probabilities.</summary>
    /// <param name="logits">Unnormalised log-probabilities [.., K]; −∞ masks a category.</param>
    /// <param name="tau">Temperature > 0, usually at least 1.</param>
    /// <param name="generator">Source of randomness; null means TorchSharp's default generator.</param>
    /// <returns>The sample and softmax(logits), both differentiable.</returns>
    public static (Tensor sample, Tensor probabilities) reinmax(Tensor logits, double tau, Generator? generator = null)
    {
        using var scope = NewDisposeScope();
        var sample = new ReinMax(tau).Sample(logits, generator: generator);
        var probabilities = Precision.AtLeastSingle(logits).softmax(-1).to_type(logits.dtype).alias();
        return scope.MoveToOuter(sample, probabilities);
    }
}
