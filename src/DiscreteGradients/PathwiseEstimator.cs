namespace DiscreteGradients;

/// <summary>An estimator whose one-hot sample carries the gradient of a soft tensor, anywhere in a network.</summary>
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
    /// The sample depends on logits, mask and generator state only: every estimator with the same law draws the same one. Where no
    /// gradient is recorded no soft tensor is computed. One number is taken from the generator, whatever the shape.
    /// </remarks>
    /// <exception cref="ArgumentException">Wrong shape, dtype or device; a row that is fully masked or holds NaN or +∞.</exception>
    public Tensor Sample(Tensor logits, Tensor? mask = null, Generator? generator = null) => Sample(logits, null, mask, generator);

    /// <summary>
    /// Gives one-hot samples chosen by the caller this estimator's gradient. They have the logits' shape, dtype and device; every row is
    /// exactly one-hot, at a category that is not masked, or refused.
    /// </summary>
    /// <inheritdoc cref="Sample(Tensor, Tensor?, Generator?)"/>
    public Tensor Attach(Tensor logits, Tensor hard, Tensor? mask = null, Generator? generator = null)
    {
        Check.Logits(logits, "[..., categories]", minimumRank: 1);
        Check.Hard(hard, logits);
        return Sample(logits, hard, mask, generator);
    }

    /// <summary>
    /// The soft tensor [.., K] whose gradient stands in for that of the one-hot sample. Log-probabilities are float32 or float64 and
    /// finite: a masked category holds about the lowest finite number. The caller opens the dispose scope.
    /// </summary>
    protected abstract Tensor Soften(Tensor logProbabilities, Tensor hard, Noise noise);

    internal Tensor SoftenLogits(Tensor logits, Tensor hard, Noise noise) => Soften(Masking.LogProbabilities(logits), hard, noise);

    /// <inheritdoc/>
    protected sealed override Tensor EstimateCore(Tensor logits, Func<Tensor, Tensor> f, Noise noise) => f(Core(logits, null, noise));

    private Tensor Sample(Tensor logits, Tensor? hard, Tensor? mask, Generator? generator)
    {
        Check.Logits(logits, mask, generator);
        if (hard is null && mask is null && FusedSample.AsIs(this, logits, generator) is { } drawn)
            return drawn;
        using var scope = NewDisposeScope();
        var masked = Precision.AtLeastSingle(Masking.Apply(logits, mask));
        var sample = Core(masked, hard?.detach().to_type(masked.dtype), Noise.Draw(generator));
        return (sample.dtype == logits.dtype ? sample : sample.to_type(logits.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>The sample [.., K], drawn unless it is given, with the gradient of the soft tensor.</summary>
    internal Tensor Core(Tensor logits, Tensor? hard, Noise noise)
    {
        if (FusedSample.Kernel(this, logits) is { } kernel)
            return FusedSample.Of(this, kernel, logits, hard, noise);
        var sample = hard is null ? Law().Sample(logits, noise) : HardSample.Checked(hard, Check.Rows(logits));
        if (!is_grad_enabled() || !logits.requires_grad)
            return sample;
        var soft = SoftenLogits(logits, sample, noise.ForGradient());
        return sample + (soft - soft.detach());  // the bracket is exactly zero, so the sum stays exactly one-hot
    }
}
