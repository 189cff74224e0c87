namespace DiscreteGradients;

/// <summary>REBAR: REINFORCE with f itself, at a relaxed sample, as the control variate. Unbiased for every differentiable f.</summary>
/// <remarks>
/// <see cref="RelaxedControl"/> with c(z) = η f(softmax(z/τ)); η and τ are learnt. Where f is smooth between the corners, c follows f
/// closely and what is left for REINFORCE is small.
/// Requires f twice differentiable at soft inputs. f is called once on three rows a sample: the sample, the relaxed one, and the
/// relaxed one given the sample; parameters inside f get their gradient from the sample alone.
/// Reference: Tucker, Mnih, Maddison, Lawson, Sohl-Dickstein 2017, arXiv 1703.07370, equation 6.
/// </remarks>
/// <param name="Samples">S ≥ 1 independent samples per example.</param>
/// <param name="Temperature">τ at the start, finite and above 0.</param>
public sealed record Rebar(int Samples = 1, double Temperature = 0.5) : RelaxedControl
{
    /// <inheritdoc cref="Rebar"/>
    public override int Samples { get; init => field = Check.AtLeast(1, value, nameof(Samples)); } = Check.AtLeast(1, Samples);

    /// <inheritdoc cref="Rebar"/>
    public override double Temperature { get; init => field = Check.Temperature(value); } = Check.Temperature(Temperature);

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, Tensor Value)> Initial(long latents, long categories, Generator generator) =>
        Scales(generator);

    private protected override Tensor Free(Tensor z, IReadOnlyDictionary<string, Tensor> state) => zeros([], z.dtype, z.device);
}
