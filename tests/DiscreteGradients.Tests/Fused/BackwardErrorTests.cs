using System.Numerics;
using System.Runtime.InteropServices;
using DiscreteGradients.Fused;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Fused;

/// <summary>What goes wrong in a backward of our own reaches the caller of <c>backward()</c>, in the words of whoever noticed it.</summary>
public abstract class BackwardErrorTests : IDisposable
{
    private readonly bool _direct = FusedFunction.IsDirect;

    private protected BackwardErrorTests(bool direct) => FusedFunction.IsDirect = direct;

    public void Dispose()
    {
        FusedFunction.IsDirect = _direct;
        GC.SuppressFinalize(this);
    }

    private const string Changed = "one of the variables needed for gradient computation has been modified by an inplace operation";

    private static readonly Dictionary<string, Func<Tensor, Tensor>> Functions = Estimators.All
        .Select(entry => entry.Default).Where(estimator => estimator is IFusedEstimator).Cast<PathwiseEstimator>()
        .SelectMany(estimator => new (string, Func<Tensor, Tensor>)[]
        {
            ($"sample of {estimator}", logits => estimator.Sample(logits)),
            ($"attached sample of {estimator}", logits => estimator.Attach(logits, OneHot.Sample(logits))),
        })
        .Append(("log-probability", logits => Distribution.LogProbability(logits, OneHot.Sample(logits))))
        .Append(("entropy", Distribution.Entropy))
        .Append(("divergence", Distribution.DivergenceFromUniform))
        .DistinctBy(function => function.Item1)
        .ToDictionary();

    public static MatrixTheoryData<string, ScalarType> Cases { get; } = new(Functions.Keys, [ScalarType.Float32, ScalarType.Float64]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_changed_in_place_are_reported_as_by_libtorchs_own_operations(string function, ScalarType dtype)
    {
        var expected = OfLibtorchsOwn[dtype].Value;

        Assert.StartsWith(Changed, expected, StringComparison.Ordinal);
        Assert.Equal(expected, Message(dtype, logits => Functions[function](logits) is var y && y.dim() == 1 ? y.unsqueeze(-1) : y));
    }

    private static readonly Dictionary<ScalarType, Lazy<string>> OfLibtorchsOwn = ((ScalarType[])[ScalarType.Float32, ScalarType.Float64])
        .ToDictionary(dtype => dtype, dtype => new Lazy<string>(() => Message(dtype, logits => logits.pow(2))));

    private static string Message(ScalarType dtype, Func<Tensor, Tensor> f)
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 3], dtype).requires_grad_(true) + 0;
        var value = (f(logits) * arange(1, 4, dtype)).sum();
        logits.mul_(3);
        return Assert.Throws<ExternalException>(() => value.backward()).Message.Split('\n')[0];
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_second_backward_after_a_step_of_the_optimiser_is_reported(string function, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var leaf = new TorchSharp.Modules.Parameter(Conformance.Logits([5, 3], dtype));
        var adam = optim.SGD([leaf], 0.1);
        var value = Functions[function](leaf).pow(2).sum();
        autograd.backward([value], retain_graph: true);
        adam.step();

        var thrown = Assert.Throws<ExternalException>(() => autograd.backward([value], retain_graph: true));

        Assert.StartsWith(Changed, thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_changed_before_a_differentiable_backward_are_reported(string function, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var leaf = Conformance.Logits([5, 3], dtype).requires_grad_(true);
        var logits = leaf + 0;
        var value = Functions[function](logits).pow(2).sum();
        logits.mul_(3);

        var thrown = Assert.Throws<ExternalException>(() => autograd.backward([value], create_graph: true, inputs: [leaf]));

        Assert.StartsWith(Changed, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_a_kernel_throws_is_the_callers_exception_and_is_told_once()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 3]).requires_grad_(true);
        var before = LiveTensors.Count();
        for (var repetition = 0; repetition < 3; repetition++)
        {
            using var inner = NewDisposeScope();
            var value = new Failing().Sample(logits).sum();
            var thrown = Assert.Throws<ExternalException>(() => value.backward());
            Assert.Equal("the kernel failed", thrown.Message);
            Assert.IsType<InvalidTimeZoneException>(thrown.InnerException);
        }

        Assert.Equal(before, LiveTensors.Count());
        Assert.Null(logits.grad);
        Assert.StartsWith(
            "The size of tensor a", Assert.Throws<ExternalException>(() => zeros(2) + zeros(3)).Message, StringComparison.Ordinal);
        new ReinMax().Sample(logits).pow(2).sum().backward();
        Assert.True(logits.grad!.isfinite().all().item<bool>());
    }

    [Fact]
    public void The_readable_form_failing_inside_a_differentiable_backward_is_the_callers_exception()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 3]).requires_grad_(true);
        var value = new Failing().Sample(logits).sum();

        var thrown = Assert.Throws<ExternalException>(() => autograd.backward([value], create_graph: true, inputs: [logits]));

        Assert.Equal("the readable form failed", thrown.Message);
    }

    [Fact]
    public void Errors_of_several_threads_keep_apart()
    {
        var messages = new string[8];
        Parallel.For(0, messages.Length, i =>
        {
            using var scope = NewDisposeScope();
            var value = new Failing(i).Sample(zeros([5, 3], ScalarType.Float64).requires_grad_(true)).sum();
            messages[i] = Assert.Throws<ExternalException>(() => value.backward()).Message;
        });

        Assert.Equal(Enumerable.Range(0, messages.Length).Select(i => $"the kernel failed{(i == 0 ? "" : i)}"), messages);
    }

    [Fact]
    public void A_report_on_an_objective_that_breaks_its_own_graph_is_an_exception()
    {
        using var scope = NewDisposeScope();
        Tensor Broken(Tensor z)
        {
            var h = z.exp();
            h.mul_(2);
            return h.sum([-2, -1]);
        }

        var thrown = Assert.Throws<ExternalException>(
            () => GradientQuality.Measure(new ReinMax(), Conformance.Logits([2, 3]), Broken, draws: 10));

        Assert.StartsWith(Changed, thrown.Message, StringComparison.Ordinal);
    }

    private sealed record Failing(int Number = 0) : PathwiseEstimator, IFusedEstimator
    {
        public override int Order => 0;

        IRowKernel IFusedEstimator.Kernel => new FailingKernel(Number);

        protected override Tensor Soften(Tensor logProbabilities, Tensor hard, Noise noise) =>
            throw new InvalidTimeZoneException("the readable form failed");
    }

    private sealed class FailingKernel(int number) : IRowKernel
    {
        public void Backward<T>(RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
            throw new InvalidTimeZoneException($"the kernel failed{(number == 0 ? "" : number)}");
    }
}

/// <summary>With nodes of our own.</summary>
public sealed class DirectBackwardErrorTests() : BackwardErrorTests(direct: true);

/// <summary>With TorchSharp's public custom functions.</summary>
public sealed class TorchSharpBackwardErrorTests() : BackwardErrorTests(direct: false);
