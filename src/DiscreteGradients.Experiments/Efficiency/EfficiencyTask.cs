using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments.Efficiency;

/// <summary>A training task of the paper's efficiency table, with everything but the estimator ready.</summary>
internal abstract class EfficiencyTask : IDisposable
{
    /// <summary>The name in tables.</summary>
    public abstract string Name { get; }

    /// <summary>What it is, for people.</summary>
    public abstract string Description { get; }

    /// <summary>Steps of one epoch.</summary>
    public abstract int StepsPerEpoch { get; }

    /// <summary>One training step without the update of the parameters: loss and gradients of one batch.</summary>
    public abstract void TrainStep(GradientEstimator estimator);

    public abstract void Dispose();
}

/// <summary>Polynomial programming: 128 binary latents, 512 samples a step, 200 steps an epoch.</summary>
internal sealed class PolynomialTask : EfficiencyTask
{
    private const int Latents = 128;
    private const int Batch = 512;

    private readonly Generator _generator = new(0);
    private readonly TorchSharp.Modules.Parameter _logits = Parameter(zeros(Latents, 2));

    public override string Name => "polynomial";

    public override string Description => $"{Latents} binary latents, {Batch} samples a step, {StepsPerEpoch} steps an epoch";

    public override int StepsPerEpoch => 200;

    public override void TrainStep(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        _logits.grad = null;
        var batch = _logits.unsqueeze(0).expand(Batch, -1, -1);
        estimator.Estimate(batch, z => (z.select(-1, 0) - 0.45).abs().pow(2).mean([-1]), _generator).mean().backward();
    }

    public override void Dispose()
    {
        _logits.Dispose();
        _generator.Dispose();
    }
}

/// <summary>The variational autoencoder with 30 latents of 10 categories: 100 images of noise a step, 600 steps an epoch.</summary>
internal sealed class VaeTask : EfficiencyTask
{
    private const int Categories = 10;
    private const int Latents = 30;
    private const int Batch = 100;

    private readonly Generator _generator = new(0);
    private readonly VaeModel _model;
    private readonly Tensor _images;

    /// <summary>Makes model and images.</summary>
    public VaeTask()
    {
        _model = new VaeModel(Latents, Categories, slope: 0, _generator);
        _images = rand([Batch, ImageData.Pixels], generator: _generator);
    }

    public override string Name => "vae";

    public override string Description =>
        $"{Latents} latents of {Categories} categories, {Batch} images a step, {StepsPerEpoch} steps an epoch";

    public override int StepsPerEpoch => 600;

    public override void TrainStep(GradientEstimator estimator)
    {
        using var scope = NewDisposeScope();
        _model.zero_grad();
        var logits = _model.Encode(_images);
        var reconstruction = estimator.Estimate(logits, z => _model.Reconstruction(z, _images), _generator);
        (reconstruction + VaeModel.Divergence(logits)).mean().backward();
    }

    public override void Dispose()
    {
        _images.Dispose();
        _model.Dispose();
        _generator.Dispose();
    }
}
