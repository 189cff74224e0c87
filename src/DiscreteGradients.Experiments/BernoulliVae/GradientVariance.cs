namespace DiscreteGradients.Experiments;

/// <summary>The variance of an estimator's gradient at the logits of bits, for one model.</summary>
/// <param name="Variance">The mean over images of the variances, summed over latents.</param>
/// <param name="Norm">The norm of the mean gradient of an image, squared mean over images.</param>
internal readonly record struct GradientVariance(double Variance, double Norm)
{
    /// <summary>Measures it from many draws.</summary>
    /// <param name="logits">Of the latents [B, L, 2].</param>
    /// <param name="loss">The loss [D, B] whose gradient is estimated, of D independent copies of the logits [D, B, L, 2].</param>
    internal static GradientVariance Measure(
        Tensor logits, Func<Tensor, Tensor> loss, int draws, int atOnce, CancellationToken cancellation)
    {
        using var whole = NewDisposeScope();
        var images = logits.shape[0];
        var moments = new GradientMoments(logits.select(-1, 1));
        for (var done = 0; done < draws; done += atOnce)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var copies = GradientMoments.Copies(logits, Math.Min(atOnce, draws - done));
            moments.Add(Derivatives.Of(loss(copies), [copies])[0]!.select(-1, 1));
        }

        return new GradientVariance(
            moments.Variance / images, Math.Sqrt(moments.Mean.square().sum().item<double>() / images));
    }
}
