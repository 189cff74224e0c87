namespace DiscreteGradients.Experiments;

/// <summary>How the posterior q(z | x) uses its codes, latent by latent, over all images that were added; entropies in nats.</summary>
/// <remarks>
/// For one latent: its entropy is the mean over images of H(q(z | x)); its perplexity is exp H(q(z)) with q(z) the mean over images of
/// q(z | x), the number of codes in use; log perplexity − entropy is its mutual information with the image. A latent has collapsed if
/// exp(information) is below 1.05: it then says nothing of the image, either because it is always the same code (perplexity 1) or
/// because it is noise (entropy of the perplexity's logarithm).
/// </remarks>
internal sealed class CodeUsage(int latents, int categories)
{
    /// <summary>What is to be known of the numbers, as a sentence.</summary>
    internal const string Note =
        "Latents on the test images, mean over latents (at least: the least of them); entropy and information in nats.";

    private const double Collapsed = 1.05;

    /// <summary>Latents up to which each has numbers of its own.</summary>
    private const int Listed = 32;

    /// <summary>The numbers.</summary>
    internal static IReadOnlyList<Metric> Metrics { get; } =
    [
        Health("entropy", "entropy", "nats"),
        Health("max_probability", "largest probability"),
        Health("code_perplexity", "codes in use"),
        Health("code_perplexity_min", "codes at least"),
        Health("information", "information", "nats"),
        Health("information_min", "information at least", "nats"),
        new Metric("collapsed_latents", "collapsed latents")
        {
            Place = MetricPlace.Log,
            Warning = "has collapsed latents, whose codes say nothing about the image",
        },
        new Metric("latent_entropy", "entropy of each latent") { Unit = "nats", Place = MetricPlace.Log },
        new Metric("latent_perplexity", "codes in use of each latent") { Place = MetricPlace.Log },
    ];

    private readonly double[] _entropy = new double[latents];
    private readonly double[] _largest = new double[latents];
    private readonly double[] _usage = new double[latents * categories];
    private long _images;

    /// <summary>Adds the posteriors of some images by their logits [B, L, K].</summary>
    internal void Add(Tensor logits)
    {
        using var scope = NewDisposeScope();
        var logq = logits.log_softmax(-1);
        var q = logq.exp();
        Sum(_entropy, -(q * logq).sum(-1));
        Sum(_largest, q.max(-1).values);
        Sum(_usage, q);
        _images += logits.shape[0];
    }

    /// <summary>Adds the numbers by the names of the metrics.</summary>
    internal void AddTo(Dictionary<string, double> numbers)
    {
        foreach (var (name, value) in Values())
            numbers.Add(name, value);
    }

    /// <summary>The numbers by the names of the metrics.</summary>
    internal Dictionary<string, double> Values()
    {
        var entropy = _entropy.Select(sum => sum / _images).ToArray();
        var perplexity = Enumerable.Range(0, latents).Select(Perplexity).ToArray();
        var information = perplexity.Zip(entropy, (p, h) => Math.Max(0, Math.Log(p) - h)).ToArray();
        var values = new Dictionary<string, double>
        {
            ["entropy"] = entropy.Average(),
            ["max_probability"] = _largest.Average() / _images,
            ["code_perplexity"] = perplexity.Average(),
            ["code_perplexity_min"] = perplexity.Min(),
            ["information"] = information.Average(),
            ["information_min"] = information.Min(),
            ["collapsed_latents"] = information.Count(i => i < Math.Log(Collapsed)),
        };
        if (latents <= Listed)
        {
            foreach (var (name, numbers) in (IEnumerable<(string, double[])>)
                [("latent_entropy", entropy), ("latent_perplexity", perplexity)])
            {
                for (var latent = 0; latent < latents; latent++)
                    values.Add($"{name}/{latent + 1}", numbers[latent]);
            }
        }

        return values;
    }

    private static Metric Health(string name, string title, string? unit = null) =>
        new(name, title) { Unit = unit, Place = MetricPlace.Health };

    private double Perplexity(int latent)
    {
        var usage = _usage.AsSpan(latent * categories, categories);
        var entropy = 0.0;
        foreach (var sum in usage)
            entropy -= sum > 0 ? sum / _images * Math.Log(sum / _images) : 0;
        return Math.Exp(entropy);
    }

    private static void Sum(double[] sums, Tensor tensor)
    {
        var values = tensor.sum([0]).flatten().cpu().data<float>();
        for (var i = 0; i < sums.Length; i++)
            sums[i] += values[i];
    }
}
