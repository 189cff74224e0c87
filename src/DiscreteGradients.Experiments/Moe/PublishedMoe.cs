namespace DiscreteGradients.Experiments;

/// <summary>Published losses of the character model, in nats per character.</summary>
/// <remarks>
/// A. S. Ranganathan, makeMoE_from_Scratch.ipynb, 2024, github.com/AviSoori1x/makeMoE: one seed; means over 400 random batches, in which
/// the router's noise is on.
/// </remarks>
internal static class PublishedMoe
{
    private static readonly PublishedSource Source = new(
        "makeMoE", "makeMoE_from_Scratch.ipynb, one seed, 400 random batches of each part, with the router's noise");

    /// <summary>Training and validation after so many steps.</summary>
    internal static readonly Dictionary<int, (double Train, double Valid)> Losses = new()
    {
        [1000] = (2.014, 2.082),
        [2000] = (1.785, 1.916),
        [3000] = (1.685, 1.840),
        [4000] = (1.612, 1.775),
        [5000] = (1.571, 1.751),
    };

    /// <summary>The losses for the published settings, whose router is the noisy one that keeps two.</summary>
    internal static IReadOnlyList<PublishedResult> Find(MoeOptions options, MethodRecord method)
    {
        var its = MoePresets.Get("makemoe");
        var same = options with
        {
            Preset = its.Preset,
            Data = null,
            Epochs = its.Epochs,
            Steps = its.Steps,
            QualityEvery = its.QualityEvery,
            QualityDraws = its.QualityDraws,
            PictureEvery = its.PictureEvery,
        } == its;
        return same && MoeMethods.IsNoisyTopTwo(method) && Losses.TryGetValue(options.Epochs * options.Steps, out var losses)
            ? [new(Source, Of("evaluated_train_loss", losses.Train), Of("valid_loss", losses.Valid))]
            : [];
    }

    private static PublishedNumber Of(string metric, double value) => new(metric, new Spread(value, double.NaN, 1));
}
