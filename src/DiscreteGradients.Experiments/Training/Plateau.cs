namespace DiscreteGradients.Experiments;

/// <summary>Halves the learning rate when a value that should rise does not; as PyTorch's ReduceLROnPlateau in mode max.</summary>
/// <param name="learningRate">At first.</param>
/// <param name="patience">Values in a row without a gain that are borne; 0 to never halve.</param>
internal sealed class Plateau(double learningRate, int patience) : IDisposable
{
    private const double LeastGain = 1 + 1e-4;

    /// <summary>The learning rate, the best value and the values without a gain: what a checkpoint needs.</summary>
    internal Tensor State { get; } = tensor([learningRate, double.NegativeInfinity, 0], ScalarType.Float64).DetachFromDisposeScope();

    internal double LearningRate => Values[0];

    private Span<double> Values => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(State.bytes);

    internal void Saw(double value)
    {
        var values = Values;
        if (value > values[1] * LeastGain)
        {
            (values[1], values[2]) = (value, 0);
        }
        else if (patience > 0 && ++values[2] > patience)
        {
            values[0] /= 2;
            values[2] = 0;
        }
    }

    public void Dispose() => State.Dispose();
}
