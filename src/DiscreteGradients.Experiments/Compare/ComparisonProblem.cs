namespace DiscreteGradients.Experiments;

/// <summary>Objectives of rising difficulty: an estimator of order d has no bias on the first d of them.</summary>
public enum ProblemKind
{
    /// <summary>Degree 1.</summary>
    Linear = 1,

    /// <summary>Degree 2.</summary>
    Quadratic = 2,

    /// <summary>Degree 3.</summary>
    Cubic = 3,

    /// <summary>Degree 4.</summary>
    Quartic = 4,

    /// <summary>A small network: no polynomial.</summary>
    Mlp,

    /// <summary>Σ (b − 0.499)², b the last category: the toy of the papers on unbiased estimators, with one binary latent.</summary>
    /// <remarks>Tucker et al. 2017, arXiv 1703.07370, section 5.1, with the target of Grathwohl et al. 2018, arXiv 1711.00123.</remarks>
    Toy,
}

/// <summary>Random logits [L, K] and a random objective of them in float64, small enough to be enumerated.</summary>
/// <remarks>
/// The polynomials are sums of powers of random linear forms of all entries of z, so that categories and latents interact.
/// The network is tanh with 16 hidden units.
/// </remarks>
public sealed class ComparisonProblem : IDisposable
{
    private const int Forms = 8;
    private const int Hidden = 16;
    private const double ToyTarget = 0.499;

    private readonly ProblemKind _kind;
    private readonly Tensor _input;
    private readonly Tensor _output;

    /// <summary>Everything random follows from the seed.</summary>
    /// <exception cref="OptionException">A size is too small.</exception>
    public ComparisonProblem(ProblemKind kind, int latents, int categories, long seed)
    {
        Require.AtLeast(1, latents, "latents");
        Require.AtLeast(2, categories, "categories");
        _kind = kind;
        using var generator = Seeds.Generator(seed);
        Logits = randn([latents, categories], ScalarType.Float64, generator: generator);
        var columns = kind == ProblemKind.Mlp ? Hidden : Forms;
        _input = randn([latents * categories, columns], ScalarType.Float64, generator: generator).div_(Math.Sqrt(latents));
        _output = randn([columns, Degrees], ScalarType.Float64, generator: generator).div_(Math.Sqrt(columns));
    }

    /// <summary>θ [L, K].</summary>
    public Tensor Logits { get; }

    private int Degrees => _kind > ProblemKind.Quartic ? 1 : (int)_kind;

    /// <summary>f, [S.., L, K] → [S..].</summary>
    public Tensor Value(Tensor z)
    {
        if (_kind == ProblemKind.Toy)
            return (z.select(-1, z.shape[^1] - 1) - ToyTarget).square().sum([-1]);
        var forms = z.flatten(-2).matmul(_input);
        return _kind == ProblemKind.Mlp
            ? forms.tanh().matmul(_output).squeeze(-1)
            : Enumerable.Range(1, Degrees).Select(degree => forms.pow(degree).matmul(_output.select(-1, degree - 1)))
                .Aggregate((a, b) => a + b);
    }

    /// <summary>Lets an estimator that learns do so, for that many steps of 16 draws.</summary>
    internal void Learn(EstimatorInTraining trained, int steps, long seed, CancellationToken cancellation)
    {
        if (!trained.Learns)
            return;
        using var generator = Seeds.Generator(seed, purpose: 2);
        for (var step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var logits = Logits.expand(16, -1, -1).clone().requires_grad_();
            trained.Estimator.Estimate(logits, Value, generator).mean().backward();
            trained.Step();
        }
    }

    public void Dispose()
    {
        Logits.Dispose();
        _input.Dispose();
        _output.Dispose();
    }
}
