namespace DiscreteGradients.Experiments.Tests.Runs;

public sealed class CollectorGateTests
{
    [Fact]
    public void Nothing_is_collected_between_two_passes_and_garbage_is_at_a_pass()
    {
        using var gate = new CollectorGate();
        gate.Enter();
        var before = GC.CollectionCount(0);
        Litter(64);
        Assert.Equal(before, GC.CollectionCount(0));
        gate.Pass();
        Assert.Equal(before, GC.CollectionCount(0));  // not worth it yet

        Litter(40);
        gate.Pass();
        Assert.True(GC.CollectionCount(0) > before);

        before = GC.CollectionCount(0);
        Litter(64);
        Assert.Equal(before, GC.CollectionCount(0));
        gate.Exit();
    }

    [Fact]
    public void A_collection_waits_until_every_thread_is_between_steps()
    {
        using var gate = new CollectorGate();
        using var inStep = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        var collected = -1;
        gate.Enter();
        var before = GC.CollectionCount(0);
        var other = new Thread(() =>
        {
            gate.Enter();
            inStep.Set();
            leave.Wait();
            collected = GC.CollectionCount(0);
            gate.Exit();
        });
        other.Start();
        inStep.Wait(TestContext.Current.CancellationToken);

        Litter(110);
        var main = new Thread(() => leave.Set());
        main.Start();
        gate.Pass();  // waits for the other
        other.Join();
        main.Join();

        Assert.Equal(before, collected);
        Assert.True(GC.CollectionCount(0) > before);
        gate.Exit();
    }

    [Fact]
    public void Collections_happen_again_afterwards()
    {
        using (var gate = new CollectorGate())
        {
            gate.Enter();
            gate.Exit();
        }

        Assert.NotEqual(System.Runtime.GCLatencyMode.NoGCRegion, System.Runtime.GCSettings.LatencyMode);
    }

    /// <summary>Allocates that many megabytes and drops them.</summary>
    private static void Litter(int megabytes)
    {
        for (var i = 0; i < megabytes * 16; i++)
            GC.KeepAlive(new byte[64 << 10]);
    }
}
