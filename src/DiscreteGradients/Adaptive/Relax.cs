namespace DiscreteGradients;

/// <summary>RELAX: REBAR with a free network added to the control variate. Unbiased for every differentiable f.</summary>
/// <remarks>
/// <see cref="RelaxedControl"/> with c(z) = η f(softmax(z/τ)) + r(z), r a network of one hidden layer of 137 units; η, τ and the network
/// are learnt. The network sees all latents of an example, so an instance serves one L and K.
/// Requires f twice differentiable at soft inputs. f is called once on three rows a sample; parameters inside f get their gradient from
/// the sample alone.
/// Reference: Grathwohl, Choi, Wu, Roeder, Duvenaud 2018, arXiv 1711.00123, algorithm 2; size and start are those of arXiv 2202.09497's
/// code.
/// </remarks>
/// <param name="Samples">S ≥ 1 independent samples per example.</param>
/// <param name="Temperature">τ at the start, finite and above 0.</param>
public sealed record Relax(int Samples = 1, double Temperature = 0.1) : RelaxedControl
{
    private const int Hidden = 137;

    /// <inheritdoc cref="Relax"/>
    public override int Samples { get; init => field = Check.AtLeast(1, value, nameof(Samples)); } = Check.AtLeast(1, Samples);

    /// <inheritdoc cref="Relax"/>
    public override double Temperature { get; init => field = Check.Temperature(value); } = Check.Temperature(Temperature);

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, Tensor Value)> Initial(long latents, long categories, Generator generator) =>
        [.. Scales(generator), .. HiddenLayer.Initial(latents * categories, Hidden, outputs: 1, generator)];

    private protected override Tensor Free(Tensor z, IReadOnlyDictionary<string, Tensor> state)
    {
        var (inputs, came) = (state["hidden.weight"].shape[1], z.shape[^2] * z.shape[^1]);
        return inputs == came
            ? HiddenLayer.Apply(z.flatten(-2), state).squeeze(-1)
            : throw new ArgumentException(
                $"{nameof(Relax)} was prepared for {inputs} inputs (latents × categories); logits have {came}. "
                + "Prepare another copy for another problem.", nameof(z));
    }
}
