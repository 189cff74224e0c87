namespace DiscreteGradients.Experiments.Bench;

/// <summary>The least an estimator's two passes must move and compute, for float32 logits.</summary>
/// <remarks>
/// Forward reads the logits and writes the sample. Backward reads the logits and the upstream gradient and writes the gradient. Each
/// takes one exponential an element, since a softmax that is stored instead costs a write and a read more. What is per row (one
/// uniform number, a few sums) is not counted, nor are the numbers that noise is made of. What a call costs comes on top:
/// <see cref="BenchRow.CallUs"/>.
/// </remarks>
/// <param name="Lower">Seconds if memory and arithmetic overlap wholly.</param>
/// <param name="Upper">Seconds if they do not overlap at all.</param>
internal readonly record struct KernelFloor(long Bytes, double Lower, double Upper)
{
    private const int ForwardTensors = 2;
    private const int BackwardTensors = 3;

    /// <summary>The floor on a machine; nothing for the empty function, which is null.</summary>
    public static KernelFloor Of(PathwiseEstimator? estimator, BenchShape shape, BenchPass pass, MachineLimits limits)
    {
        if (estimator is null)
            return default;
        var forward = One(ForwardTensors, exponentials: 1, logarithms: 0);
        if (pass == BenchPass.Forward)
            return forward;
        var (exponentials, logarithms) = BackwardArithmetic(estimator);
        var backward = One(BackwardTensors, exponentials, logarithms);
        return new(forward.Bytes + backward.Bytes, forward.Lower + backward.Lower, forward.Upper + backward.Upper);

        KernelFloor One(int tensors, int exponentials, int logarithms)
        {
            var bytes = tensors * shape.Count * sizeof(float);
            var moving = bytes / limits.Copy(CopySize(shape, pass));
            var computing = shape.Count * ((exponentials * limits.Exponential) + (logarithms * limits.Logarithm));
            return new(bytes, Math.Max(moving, computing), moving + computing);
        }
    }

    /// <summary>Bytes of the copy that touches as much memory as the pass does: logits and sample; and upstream and gradient.</summary>
    public static long CopySize(BenchShape shape, BenchPass pass) => (pass == BenchPass.Forward ? 1 : 2) * shape.Count * sizeof(float);

    /// <summary>Exponentials and logarithms an element. A power is one of each; noise is the logarithm of a uniform number.</summary>
    private static (int Exponentials, int Logarithms) BackwardArithmetic(PathwiseEstimator estimator) => estimator switch
    {
        ReinMax { Temperature: not 1 } => (2, 0),
        GumbelRao { Temperature: 1 } e => (1, e.Draws),
        GumbelRao e => (1 + e.Draws, 2 * e.Draws),
        _ => (1, 0),
    };
}
