namespace DiscreteGradients.Testing;

/// <summary>Counts tensors for leak checks.</summary>
public static class LiveTensors
{
    /// <summary>
    /// Tensors alive on this thread. A sample is drawn first, because the fused form keeps the gradient it last handed to autograd until
    /// its next call.
    /// </summary>
    public static long Count()
    {
        using (var logits = zeros(1, 2))
        using (new ReinMax().Sample(logits))
        {
        }

        return DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
    }
}
