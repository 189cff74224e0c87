namespace DiscreteGradients.Experiments;

/// <summary>The randomness of a run with an autoencoder: one generator for each purpose, so that none disturbs another.</summary>
internal sealed class AutoencoderStreams(long seed, Device device) : IDisposable
{
    private const int Purposes = 4;

    /// <summary>Of the order of the images, and of what is random about them.</summary>
    internal Generator Order { get; } = Seeds.Generator(seed, 1, Purposes);

    /// <summary>Of the latents in training.</summary>
    internal Generator Noise { get; } = Seeds.Generator(seed, 2, Purposes, device);

    /// <summary>Of the latents of test images.</summary>
    internal Generator TestNoise { get; } = Seeds.Generator(seed, 3, Purposes, device);

    /// <summary>Of the initial weights; the caller's.</summary>
    internal Generator Weights() => Seeds.Generator(seed, 0, Purposes);

    /// <summary>Of measurements in an epoch; the caller's.</summary>
    internal Generator Measuring(int epoch) => Seeds.OfEpoch(seed, epoch, device);

    /// <summary>Makes them part of the state of a run.</summary>
    internal void Keep(Action<string, Generator> keep)
    {
        keep("order", Order);
        keep("noise", Noise);
        keep("test_noise", TestNoise);
    }

    public void Dispose()
    {
        Order.Dispose();
        Noise.Dispose();
        TestNoise.Dispose();
    }
}
