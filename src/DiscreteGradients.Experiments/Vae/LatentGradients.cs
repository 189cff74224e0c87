namespace DiscreteGradients.Experiments;

/// <summary>
/// Compares estimators with the exact gradient of the reconstruction term with respect to the posterior's logits. The model is a
/// constant here and stays as it is. Definitions: the released code of Liu et al. 2023, arXiv 2304.08612 (figure 4).
/// </summary>
internal static class LatentGradients
{
    /// <summary>The largest K^L that is enumerated.</summary>
    internal const long MaximumStates = 65_536;

    /// <summary>Pictures decoded at once: with what backpropagation keeps of them, some 50 MB.</summary>
    private const int Rows = 1600;

    /// <summary>The estimators whose gradients are measured.</summary>
    /// <param name="settings">The settings of an estimator that are not its own defaults.</param>
    /// <exception cref="OptionException">They cannot be measured in so large a space.</exception>
    internal static IReadOnlyList<Method> Methods(VaeOptions options, Func<MethodEntry, Dictionary<string, object>> settings)
    {
        Require.AtLeast(0, options.QualityEvery, "quality-every");
        if (options.QualityEvery == 0)
            return [];
        Require.AtLeast(1, options.QualityImages, "quality-images");
        Require.AtLeast(2, options.QualityDraws, "quality-draws");
        var states = Math.Pow(options.Categories, options.Latents);
        if (states > MaximumStates)
        {
            throw new OptionException(
                $"--quality-every needs the exact gradient, from all {options.Categories}^{options.Latents} states of the latents; "
                + $"at most {MaximumStates} can be: use fewer --latents.");
        }

        var names = string.Join(',', options.QualityEstimators.Split(',', StringSplitOptions.TrimEntries).Distinct());
        var measured = Experiments.Methods.Select(
            MethodEntry.AllEstimators, "estimator", names, new Dictionary<string, object>(), _ => null, (entry, _) => settings(entry));
        if (measured.FirstOrDefault(e => Applicability.WhyNot(e.Estimator, options.Categories) is not null) is { } unfit)
        {
            throw new OptionException(
                $"--quality-estimators may not name '{unfit.Name}' here: {Applicability.WhyNot(unfit.Estimator, options.Categories)}");
        }

        if (measured.Any(e => e.Estimator is ExactEnumeration exact
            && Enumeration.WhyNot(exact, options.Categories, options.Latents, Math.Min(options.QualityImages, options.Batch)) is not null))
            throw new OptionException($"--quality-estimators may name 'exact' in small spaces only; {states} states need too much memory.");
        foreach (var adaptive in measured.Select(e => e.Estimator).OfType<AdaptiveEstimator>())
        {
            using var weights = new Generator(1);  // it is measured as it begins: it is not trained
            adaptive.Prepare(options.Latents, options.Categories, weights);
        }

        return measured;
    }

    /// <summary>Adds the errors of each estimator to the numbers, as <see cref="GradientErrors.Metrics"/> has them.</summary>
    internal static void Measure(
        VaeModel model, Tensor images, IReadOnlyList<Method> estimators, int draws, Func<Generator> generator,
        Dictionary<string, double> numbers, CancellationToken cancellation)
    {
        foreach (var (method, errors) in estimators.Zip(Measure(model, images, estimators, draws, generator, cancellation)))
            errors.AddTo(numbers, method.Name);
    }

    /// <summary>The errors of each estimator for the images [B, 784], from that many draws.</summary>
    internal static IReadOnlyList<GradientErrors> Measure(
        VaeModel model, Tensor images, IReadOnlyList<Method> estimators, int draws, Func<Generator> generator,
        CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        var logits = Encode(model, images);
        var exact = Exact(model, logits, images);
        using var objective = new Objective(model, images);
        var measured = estimators.Select(e => (e.Estimator, Moments: new GradientMoments(logits), Generator: generator())).ToList();
        try
        {
            var atOnce = (int)Math.Max(1, Rows / images.shape[0]);
            for (var done = 0; done < draws; done += atOnce)
            {
                foreach (var (estimator, moments, noise) in measured)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var isExact = estimator is ExactEnumeration;  // every draw is the same
                    if (isExact && moments.Count > 0)
                        continue;
                    using var step = NewDisposeScope();
                    var copies = GradientMoments.Copies(logits, isExact ? 1 : Math.Min(atOnce, draws - done));
                    moments.Add(Derivatives.Of(estimator.Estimate(copies, objective.Value, noise), [copies])[0]!);
                }
            }

            return [.. measured.Select(each => GradientErrors.Of(each.Moments.Mean, exact, each.Moments.Variance))];
        }
        finally
        {
            measured.ForEach(each => each.Generator.Dispose());
        }
    }

    /// <summary>The exact gradient [B, L, K], float64: Σ f(z) p(z) (z − q) over all states.</summary>
    internal static Tensor Exact(VaeModel model, Tensor logits, Tensor images)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var (latents, categories) = ((int)logits.shape[1], (int)logits.shape[2]);
        var logq = logits.to_type(ScalarType.Float64).log_softmax(-1);
        var states = OneHot.States(latents, categories, device: logits.device);
        var (weighted, total) = (zeros_like(logq).flatten(1), zeros(logits.shape[0], 1, dtype: ScalarType.Float64, device: logits.device));
        for (long first = 0; first < states.shape[0]; first += Rows)
        {
            using var part = NewDisposeScope();
            var some = states.narrow(0, first, Math.Min(Rows, states.shape[0] - first));
            var flat = some.flatten(1).to_type(ScalarType.Float64);
            var values = model.Reconstruction(some.unsqueeze(1).expand(-1, images.shape[0], -1, -1), images);
            var share = logq.flatten(1).matmul(flat.t()).exp() * values.t();
            weighted.add_(share.matmul(flat));
            total.add_(share.sum(-1, keepdim: true));
        }

        return (weighted - logq.exp().flatten(1) * total).view_as(logq).MoveToOuterDisposeScope();
    }

    private static Tensor Encode(VaeModel model, Tensor images)
    {
        using var _ = no_grad();
        return model.Encode(images);
    }

    /// <summary>
    /// The reconstruction term. Pathwise estimators with the same generator state ask for it at the same samples, one after the other:
    /// value and gradient there are computed once, and handed out as the function with that value and slope.
    /// </summary>
    private sealed class Objective(VaeModel model, Tensor images) : IDisposable
    {
        private Tensor? _point;
        private Tensor? _value;
        private Tensor? _slope;

        internal Tensor Value(Tensor z)
        {
            if (!z.requires_grad)
                return model.Reconstruction(z, images);
            if (_point is null || !_point.Equals(z))
                Differentiate(z);
            return _value! + ((z - _point!) * _slope!).sum([-2, -1]);
        }

        public void Dispose()
        {
            _point?.Dispose();
            _value?.Dispose();
            _slope?.Dispose();
        }

        private void Differentiate(Tensor z)
        {
            Dispose();
            using var scope = NewDisposeScope();
            var point = z.detach().clone().requires_grad_();
            var value = model.Reconstruction(point, images);
            _slope = Derivatives.Of(value, [point])[0]!.DetachFromDisposeScope();
            _value = value.detach().DetachFromDisposeScope();
            _point = point.detach().DetachFromDisposeScope();
        }
    }
}
