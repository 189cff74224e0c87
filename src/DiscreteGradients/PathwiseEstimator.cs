using DiscreteGradients.Fused;

namespace DiscreteGradients;

/// <summary>
/// An estimator whose one-hot sample itself carries the gradient, so that it can be used anywhere in a network.
/// It is one function: the soft tensor whose gradient the hard sample shall carry.
/// </summary>
public abstract record PathwiseEstimator : GradientEstimator
{
    /// <summary>Which implementation runs; they are equal to rounding for the same generator state.</summary>
    public Form Form { get; init => field = Check.Form(value); }

    /// <inheritdoc/>
    public sealed override long Evaluations(long latents, long categories) => 1;

    /// <summary>Draws one-hot samples that carry this estimator's gradient.</summary>
    /// <param name="logits">Unnormalised log-probabilities [.., K]. Never disposed.</param>
    /// <param name="mask">True where a category may be chosen; Boolean, broadcastable to the logits. Null allows all.</param>
    /// <param name="generator">Source of randomness on the logits' device; null means TorchSharp's default generator.</param>
    /// <returns>Exactly one-hot samples [.., K] in the logits' dtype, owned by the caller's dispose scope.</returns>
    /// <remarks>
    /// The sample depends on logits, mask and generator state only: every pathwise estimator with the same law draws the same one. Where no gradient is
    /// recorded (<c>no_grad</c>, or logits that need none) no soft tensor is computed. One number is taken from the generator, whatever the shape.
    /// </remarks>
    /// <exception cref="ArgumentException">Wrong shape, dtype or device; a row that is fully masked or holds NaN or +∞.</exception>
    public Tensor Sample(Tensor logits, Tensor? mask = null, Generator? generator = null)
    {
        Check.Logits(logits, "[..., categories]", minimumRank: 1);
        Check.Mask(mask, logits);
        Check.Generator(generator, logits);

        using var scope = NewDisposeScope();
        var masked = Precision.AtLeastSingle(Masking.Apply(logits, mask));
        return Sample(masked, hard: null, Noise.Draw(generator), logits.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Gives a hard sample chosen by the caller this estimator's gradient.</summary>
    /// <param name="logits">Unnormalised log-probabilities [.., K]. Never disposed.</param>
    /// <param name="hard">One-hot samples [.., K], of the logits' shape, dtype and device. Never disposed.</param>
    /// <param name="mask">True where a category may be chosen; Boolean, broadcastable to the logits. Null allows all.</param>
    /// <param name="generator">Source of randomness for estimators whose gradient needs noise; null means the default generator.</param>
    /// <returns>A tensor equal to <paramref name="hard"/> [.., K], owned by the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">
    /// Wrong shape, dtype or device; a row of logits that is fully masked or holds NaN or +∞; a row of <paramref name="hard"/> that is not
    /// exactly one-hot (a padding row of zeros is not), or that chooses a masked category.
    /// </exception>
    public Tensor Attach(Tensor logits, Tensor hard, Tensor? mask = null, Generator? generator = null)
    {
        Check.Logits(logits, "[..., categories]", minimumRank: 1);
        Check.Hard(hard, logits);
        Check.Mask(mask, logits);
        Check.Generator(generator, logits);

        using var scope = NewDisposeScope();
        var masked = Precision.AtLeastSingle(Masking.Apply(logits, mask));
        var sample = hard.detach().to_type(masked.dtype);
        return Sample(masked, sample, Noise.Draw(generator), logits.dtype).alias().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The soft tensor [.., K] whose gradient stands in for the gradient of the one-hot sample. Log-probabilities are the logits less
    /// their log-sum-exp, float32 or float64, and finite: a masked category holds about the lowest finite number. The caller opens the
    /// dispose scope.
    /// </summary>
    protected abstract Tensor Soften(Tensor logProbabilities, Tensor hard, Noise noise);

    /// <inheritdoc/>
    protected sealed override Tensor EstimateCore(Tensor logits, Func<Tensor, Tensor> f, Generator? generator) =>
        f(Sample(logits, hard: null, Noise.Draw(generator), logits.dtype));

    /// <summary>The soft tensor of logits that may hold −∞.</summary>
    internal Tensor SoftenLogits(Tensor logits, Tensor hard, Noise noise) => Soften(Masking.LogProbabilities(logits), hard, noise);

    /// <summary>The sample [.., K], drawn unless it is given, with the gradient of the soft tensor.</summary>
    private Tensor Sample(Tensor logits, Tensor? hard, Noise noise, ScalarType dtype)
    {
        if (Kernel(logits) is { } kernel)
        {
            var fused = FusedSample.Of(this, kernel, logits, hard, noise);
            return fused.dtype == dtype ? fused : fused.to_type(dtype);
        }

        var sample = hard is null ? Law().Sample(logits, noise) : HardSample.Checked(hard, Check.Rows(logits));
        if (!is_grad_enabled() || !logits.requires_grad)
            return sample.to_type(dtype).alias();
        var soft = SoftenLogits(logits, sample, noise.ForGradient()).to_type(dtype);
        return sample.to_type(dtype) + (soft - soft.detach());  // the bracket is exactly zero, so the sum stays exactly one-hot
    }

    private IRowKernel? Kernel(Tensor logits)
    {
        if (Form == Form.Readable)
            return null;
        if (this is IFusedEstimator fused && ReferenceEquals(Law(), SamplingLaw.Softmax) && FusedSample.Takes(logits))
            return fused.Kernel;
        return Form == Form.Automatic ? null : throw new ArgumentException(
            $"{GetType().Name} has no fused form for {logits.dtype} logits of shape {Check.Shape(logits)} on {logits.device}; "
            + "use Form.Automatic or Form.Readable.", nameof(logits));
    }
}
