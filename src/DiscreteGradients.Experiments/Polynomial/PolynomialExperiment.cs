using System.Diagnostics;
using System.Globalization;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>
/// Polynomial programming: choose L bits to minimise the mean of |zᵢ − cᵢ|^p, by gradient descent on their logits.
/// </summary>
/// <remarks>
/// The optimum is a corner: z = 0 where c &lt; ½. An estimator that is only first order sees the same slope at both ends of an edge of a
/// quadratic, so it stalls. Reference: Liu et al. 2023, arXiv 2304.08612, section 6.1; Tucker et al. 2017, arXiv 1703.07370.
/// </remarks>
public sealed class PolynomialExperiment : Experiment
{
    private readonly PolynomialOptions _options;
    private readonly double[] _target;

    /// <summary>Checks the options.</summary>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public PolynomialExperiment(PolynomialOptions options)
    {
        Require.Positive(options.P, "p");
        Require.AtLeast(1, options.Latents, "latents");
        Require.AtLeast(1, options.Batch, "batch");
        Require.AtLeast(1, options.Epochs, "epochs");
        Require.AtLeast(1, options.Steps, "steps");
        Require.Positive(options.Lr, "lr");
        (_options, _target) = (options, Target(options));
    }

    /// <inheritdoc/>
    public override int Epochs => _options.Epochs;

    /// <inheritdoc/>
    public override double? Optimum => _target.Average(c => Math.Min(Cost(0, c), Cost(1, c)));

    /// <inheritdoc/>
    public override string? WhyNot(GradientEstimator estimator) => estimator is ExactEnumeration exact && _options.Latents > Math.Log2(exact.MaximumStates)
        ? $"exact enumeration needs 2^{_options.Latents} evaluations a step; use at most {(int)Math.Log2(exact.MaximumStates)} latents."
        : null;

    /// <inheritdoc/>
    public override IEnumerable<EpochMetrics> Run(
        GradientEstimator estimator, long seed, Action<double>? stepDone = null, CancellationToken cancellation = default)
    {
        using var generator = new Generator((ulong)seed);
        using var target = tensor(_target, ScalarType.Float32);
        using var logits = InitialLogits(generator);
        using var adam = optim.Adam([logits], _options.Lr);

        for (var epoch = 1; epoch <= _options.Epochs; epoch++)
        {
            var total = 0.0;
            var watch = Stopwatch.StartNew();
            for (var step = 1; step <= _options.Steps; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                adam.zero_grad();
                var batch = logits.unsqueeze(0).expand(_options.Batch, -1, -1);
                var loss = estimator.Estimate(batch, z => Loss(z, target), generator).mean();
                loss.backward();
                adam.step();
                total += loss.item<float>();
                stepDone?.Invoke((double)step / _options.Steps);
            }

            yield return new EpochMetrics(epoch, total / _options.Steps, watch.Elapsed.TotalSeconds)
            {
                ExpectedLoss = ExpectedLoss(logits),
                Steps = _options.Steps,
            };
        }
    }

    private TorchSharp.Modules.Parameter InitialLogits(Generator generator)
    {
        using var scope = NewDisposeScope();
        var logits = Parameter(rand([_options.Latents, 2], generator: generator) * 0.02 - 0.01);
        logits.MoveToOuterDisposeScope();
        return logits;
    }

    /// <summary>(1/L) Σᵢ |zᵢ − cᵢ|^p [S.., B..] of one-hot bits [S.., B.., L, 2]; a bit is its first component.</summary>
    private Tensor Loss(Tensor z, Tensor target) => (z.select(-1, 0) - target).abs().pow(_options.P).mean([-1]);

    private double ExpectedLoss(Tensor logits)
    {
        using var scope = NewDisposeScope();
        var probability = logits.detach().to_type(ScalarType.Float64).softmax(-1).select(-1, 0).data<double>().ToArray();
        return probability.Zip(_target, (p, c) => p * Cost(1, c) + (1 - p) * Cost(0, c)).Average();
    }

    private double Cost(double z, double c) => Math.Pow(Math.Abs(z - c), _options.P);

    private static double[] Target(PolynomialOptions options)
    {
        if (options.Target == "ramp")
            return [.. Enumerable.Range(0, options.Latents).Select(i => (i + 0.5) / options.Latents)];
        if (double.TryParse(options.Target, NumberStyles.Float, CultureInfo.InvariantCulture, out var c) && double.IsFinite(c))
            return [.. Enumerable.Repeat(c, options.Latents)];
        throw new OptionException($"--target must be a number or 'ramp'; got '{options.Target}'.");
    }
}
