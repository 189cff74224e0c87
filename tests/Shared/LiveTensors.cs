namespace DiscreteGradients.Testing;

/// <summary>Counts tensors for leak checks.</summary>
public static class LiveTensors
{
    /// <summary>
    /// Tensors alive on this thread. A sample with a graph is drawn first: the fused form keeps the gradient it last handed to autograd until
    /// its next call, and a thread's first graph makes what an error on the way back would need.
    /// </summary>
    public static long Count()
    {
        using (var logits = zeros(1, 2).requires_grad_(true))
        using (new ReinMax().Sample(logits))
        {
        }

        return DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
    }
}
