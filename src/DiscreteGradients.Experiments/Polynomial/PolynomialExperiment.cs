using System.Diagnostics;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>Polynomial programming: choose L bits to minimise the mean of |zᵢ − cᵢ|^p, by gradient descent on their logits.</summary>
/// <remarks>
/// The optimum is a corner: z = 0 where c &lt; ½. An estimator that is only first order sees the same slope at both ends of an edge of a
/// quadratic, so it stalls. Reference: Liu et al. 2023, arXiv 2304.08612, section 6.1; Tucker et al. 2017, arXiv 1703.07370.
/// </remarks>
internal sealed class PolynomialExperiment : Experiment
{
    /// <summary>The row of the catalogue.</summary>
    public static ExperimentEntry Entry { get; } = ExperimentEntry.For<PolynomialOptions>(
        "polynomial", "polynomial programming over binary latents", options => new PolynomialExperiment(options),
        _ =>
        [
            new Metric(Metrics.TrainLoss, "train loss", Direction.Lower),
            new Metric(Metrics.ExpectedLoss, "expected loss", Direction.Lower) { IsHeadline = true },
        ],
        PublishedLosses.Find) with
    {
        DefaultMethods = "reinmax,reinmax-uniform,st,st-gumbel,gumbel-rao,gst-1.0,gst-p,reinforce,rloo",
        Examples =
        [
            "dgrad run polynomial",
            "dgrad run polynomial --estimator st,reinmax --seeds 10 --p 3 --out runs/cubic",
            "dgrad run polynomial --target ramp --latents 8,32,128,512 --batch 16,64,256 --out runs/study",
            "dgrad run polynomial --resume --out runs/study",
        ],
    };

    /// <summary>The target twice, and the two logits with their gradients and Adam's moments.</summary>
    private const int BytesPerLatent = sizeof(double) + sizeof(float) + (2 * 4 * sizeof(float));

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
        if (Require.Memory((double)BytesPerLatent * options.Latents) is { } much)
            throw new OptionException($"--latents {options.Latents} takes at least {much}; use fewer.");
        (_options, _target) = (options, Target(options));
        var largest = Math.Max(Cost(0, _target[0]), Cost(1, _target[0]));
        if (!(largest * options.Latents * options.Batch <= float.MaxValue))
        {
            throw new OptionException(
                $"--target {options.Target} with --p {options.P} makes losses that are too large for single precision; "
                + "use a smaller --target or --p.");
        }
    }

    public override int Epochs => _options.Epochs;

    public override double? Optimum => _target.Average(c => Math.Min(Cost(0, c), Cost(1, c)));

    public override object Options => _options;

    public override string? WhyNot(Method method) => WhyNot(method.Estimator);

    public override TrainingRun Start(Method method, long seed) => new Training(this, method.Estimator, seed);

    private string? WhyNot(GradientEstimator estimator) =>
        Applicability.WhyNot(estimator, categories: 2, _options.Latents, _options.Batch)
        ?? (Examples(estimator) == 0
            ? $"it takes {estimator.Evaluations(_options.Latents, 2)} evaluations an example; got --batch {_options.Batch}."
            : Applicability.Memory(categories: 2, _options.Latents, (int)Examples(estimator), estimator.Evaluations(_options.Latents, 2)));

    /// <summary>Examples of a step.</summary>
    private long Examples(GradientEstimator estimator) =>
        _options.BatchUnit == BatchUnit.Examples ? _options.Batch : _options.Batch / estimator.Evaluations(_options.Latents, 2);

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

    private sealed class Training : TrainingRun
    {
        private readonly PolynomialExperiment _experiment;
        private readonly EstimatorInTraining _estimator;
        private readonly Generator _generator;
        private readonly Tensor _target;
        private readonly PolynomialLoss _loss;
        private readonly TorchSharp.Modules.Parameter _logits;
        private readonly Adam _adam;

        internal Training(PolynomialExperiment experiment, GradientEstimator estimator, long seed)
        {
            (_experiment, _generator) = (experiment, Seeds.Generator(seed));
            using var scope = NewDisposeScope();
            _target = tensor(experiment._target, ScalarType.Float32).DetachFromDisposeScope();
            _loss = new PolynomialLoss(_target, experiment._options.P);
            _logits = Parameter(rand([experiment._options.Latents, 2], generator: _generator) * 0.02 - 0.01);
            _logits.DetachFromDisposeScope();
            using (var weights = Seeds.Apart(seed, purpose: 1))
                _estimator = new EstimatorInTraining(estimator, experiment._options.Latents, categories: 2, weights);
            _adam = new Adam([_logits], experiment._options.Lr);
            Keep("logits", _logits);
            Keep("generator", _generator);
            Keep(_adam);
            Keep(_estimator);
        }

        public override void Dispose()
        {
            _estimator.Dispose();
            _adam.Dispose();
            _logits.Dispose();
            _target.Dispose();
            _generator.Dispose();
        }

        protected override EpochMetrics Train(int epoch, Action<double>? stepDone, CancellationToken cancellation)
        {
            var options = _experiment._options;
            var examples = _experiment.Examples(_estimator.Estimator);
            var total = 0.0;
            var watch = Stopwatch.StartNew();
            for (var step = 1; step <= options.Steps; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                _logits.grad = null;
                var batch = _logits.unsqueeze(0).expand(examples, -1, -1);
                var loss = _estimator.Estimator.Estimate(batch, _loss.Of, _generator).mean();
                total += Finite(loss.item<float>());
                loss.backward();
                _adam.Step();
                _estimator.Step();
                Finite(_logits.sum().item<float>());  // before they are sampled from
                stepDone?.Invoke((double)step / options.Steps);
            }

            var seconds = watch.Elapsed.TotalSeconds;
            var numbers = new Dictionary<string, double>
            {
                [Metrics.TrainLoss] = total / options.Steps,
                [Metrics.ExpectedLoss] = _experiment.ExpectedLoss(_logits),
            };
            return new EpochMetrics(epoch, seconds, numbers) { Steps = options.Steps };
        }
    }
}
