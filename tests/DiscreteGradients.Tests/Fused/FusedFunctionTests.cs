using System.Runtime.CompilerServices;
using DiscreteGradients.Fused;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Fused;

/// <summary>Both ways to record an operation: nodes of our own, and TorchSharp's public custom functions.</summary>
public sealed class FusedFunctionTests : IDisposable
{
    private readonly bool _direct = FusedFunction.IsDirect;

    public static TheoryData<string, string> Checks { get; } =
        [.. new[] { "reinmax", "gumbel-rao" }
            .SelectMany(name => Conformance.Checks(Estimators.Get(name).Default).Select(check => (name, check)))];

    public void Dispose() => FusedFunction.IsDirect = _direct;

    [Fact]
    public void The_functions_of_the_TorchSharp_that_the_library_is_built_with_are_known() => Assert.True(FusedFunction.IsDirect);

    [Theory]
    [MemberData(nameof(Checks))]
    public void An_estimator_conforms_by_public_functions_too(string name, string check)
    {
        FusedFunction.IsDirect = false;
        Conformance.Run(check, name == "gumbel-rao" ? new GumbelRao(5) : Estimators.Get(name).Default);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Gradients_are_the_same_bits_either_way(bool differentiable)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([40, 5]).requires_grad_(true);
        var v = Conformance.Logits([40, 5], seed: 4);
        Tensor[] Results(bool direct)
        {
            FusedFunction.IsDirect = direct;
            var sample = new ReinMax(1.3).Sample(logits, generator: Conformance.Seeded());
            var values = Distribution.LogProbability(logits, sample.detach()) + Distribution.Entropy(logits);
            var objective = (sample * v).sum() + (values * v.sum(-1)).sum();
            return [sample, values, autograd.grad([objective], [logits], create_graph: differentiable)[0]];
        }

        Assert.All(Results(true).Zip(Results(false)), pair => Assert.True((pair.First == pair.Second).all().item<bool>()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Many_threads_may_record_and_go_back_at_once(bool direct)
    {
        FusedFunction.IsDirect = direct;
        var wrong = 0;
        Parallel.For(0, 8, thread =>
        {
            using var scope = NewDisposeScope();
            var logits = Conformance.Logits([3 + thread, 4]).requires_grad_(true);
            var hard = OneHot.Sample(logits.detach());
            var expected = hard - logits.detach().softmax(-1);
            for (var i = 0; i < 300; i++)
            {
                using var step = NewDisposeScope();
                _ = new ReinMax().Sample(logits);  // a graph that is dropped
                Distribution.LogProbability(logits, hard).sum().backward();
                if (!logits.grad!.allclose(expected))
                    Interlocked.Increment(ref wrong);
                logits.grad = null;
            }
        });

        Assert.Equal(0, wrong);
    }

    [Fact]
    public void Threads_may_go_back_through_one_graph_at_once()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([50, 4]).requires_grad_(true);
        var hard = OneHot.Sample(logits.detach());
        var value = Distribution.LogProbability(logits, hard).sum();

        Parallel.For(0, 4, _ =>
        {
            for (var i = 0; i < 100; i++)
                autograd.backward([value], retain_graph: true);
        });

        Assert.True((logits.grad! / 400).allclose(hard - logits.detach().softmax(-1), 1e-4, 1e-6));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_graph_that_another_thread_lets_go_leaves_nothing(bool direct)
    {
        FusedFunction.IsDirect = direct;
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 3]).requires_grad_(true);
        for (var i = 0; i < 50; i++)
        {
            var sample = new ReinMax().Sample(logits + 1).DetachFromDisposeScope();
            var thread = new Thread(sample.Dispose);
            thread.Start();
            thread.Join();
        }

        Distribution.Entropy(logits).sum().backward();
        Assert.True(logits.grad!.isfinite().all().item<bool>());
    }

    [Fact]
    public void Graphs_that_only_the_collector_finds_survive_what_others_do()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 3]).requires_grad_(true);
        var held = new ReinMax().Sample(logits, generator: Conformance.Seeded());
        for (var i = 0; i < 20; i++)
        {
            Forget(logits);
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        held.pow(2).sum().backward();
        var first = logits.grad!.clone();
        logits.grad = null;
        new ReinMax().Sample(logits, generator: Conformance.Seeded()).pow(2).sum().backward();
        Assert.True((first == logits.grad!).all().item<bool>());
    }

    /// <summary>Each sample's logits are made of the sample before, so what a node saved holds the node before it.</summary>
    [Fact]
    public void A_graph_of_many_samples_in_a_row_is_let_go_on_a_small_stack()
    {
        var thread = new Thread(
            () =>
            {
                using var scope = NewDisposeScope();
                var logits = zeros(1, 2, ScalarType.Float32).requires_grad_(true);
                var state = logits.alias();
                for (var i = 0; i < 20_000; i++)
                {
                    using var step = NewDisposeScope();
                    state = new StraightThrough().Sample(state).MoveToOuterDisposeScope();
                }

                state.sum().backward();
            },
            maxStackSize: 256 << 10);
        thread.Start();
        thread.Join();
    }

    [Fact]
    public void A_call_makes_no_tensors_but_its_result_and_the_random_number()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 3], ScalarType.Float32);
        long Made(Tensor from)
        {
            var statistics = DisposeScopeManager.Statistics.TensorStatistics;
            new ReinMax().Sample(from);
            var before = statistics.CreatedInScopeCount;
            new ReinMax().Sample(from);
            return statistics.CreatedInScopeCount - before;
        }

        Assert.Equal(2, Made(logits));
        Assert.Equal(2, Made(logits.requires_grad_(true)));
        using var _ = no_grad();
        Assert.Equal(2, Made(logits));
        Assert.False(new ReinMax().Sample(logits).requires_grad);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(Tensor logits)
    {
        for (var i = 0; i < 20; i++)
            new ReinMax().Sample(logits).DetachFromDisposeScope();
    }
}
