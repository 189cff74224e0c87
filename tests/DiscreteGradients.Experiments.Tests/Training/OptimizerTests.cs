using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments.Tests.Training;

public sealed class OptimizerTests
{
    private const double LearningRate = 0.01;
    private const int Steps = 200;

    private static readonly float[] Start = [.. Enumerable.Range(0, 37).Select(i => MathF.Sin(i) * 3)];

    private static readonly Dictionary<string, (Func<Parameter, Optimizer> Ours, Func<Parameter, optim.Optimizer> Theirs)> Pairs = new()
    {
        ["Adam"] = (p => new Adam([p], LearningRate), p => optim.Adam([p], LearningRate)),
        ["Adam with other means"] = (
            p => new Adam([p], LearningRate, beta1: 0.5, beta2: 0.99),
            p => optim.Adam([p], LearningRate, 0.5, 0.99)),
        ["Adam with coupled decay"] = (
            p => new Adam([p], LearningRate, decay: new WeightDecay(0.1, IsDecoupled: false)),
            p => optim.Adam([p], LearningRate, weight_decay: 0.1)),
        ["Adam with decoupled decay"] = (
            p => new Adam([p], LearningRate, decay: new WeightDecay(0.1, IsDecoupled: true)),
            p => optim.AdamW([p], LearningRate, weight_decay: 0.1)),
        ["SGD"] = (p => new Sgd([p], LearningRate), p => optim.SGD([p], LearningRate)),
        ["SGD with decay"] = (
            p => new Sgd([p], LearningRate, decay: new WeightDecay(0.1, false)),
            p => optim.SGD([p], LearningRate, weight_decay: 0.1)),
        ["SGD with momentum"] = (p => new Sgd([p], LearningRate, 0.9), p => optim.SGD([p], LearningRate, 0.9)),
        ["SGD with Nesterov's momentum and decay"] = (
            p => new Sgd([p], LearningRate, 0.9, nesterov: true, new WeightDecay(0.1, false)),
            p => optim.SGD([p], LearningRate, 0.9, weight_decay: 0.1, nesterov: true)),
    };

    public static TheoryData<string> Names { get; } = [.. Pairs.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Steps_are_torchsharps(string name)
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(tensor(Start));
        using var theirs = Pairs[name].Theirs(parameter);
        for (var step = 0; step < Steps; step++)
        {
            theirs.zero_grad();
            Objective(parameter).backward();
            theirs.step();
        }

        AssertClose(Doubles(parameter), Run(Pairs[name].Ours));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_update_for_other_devices_is_that_of_the_CPU(string name)
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(tensor(Start));
        using var optimizer = Pairs[name].Ours(parameter);
        var p = tensor(Start);
        var memory = optimizer.State.Skip(1).Select(entry => zeros_like(entry.Tensor)).ToArray();
        for (var step = 1; step <= 5; step++)
        {
            parameter.grad = null;
            Objective(parameter).backward();
            optimizer.Step();
            optimizer.Update(p, (2 * p) + p.cos(), memory);
        }

        AssertClose(Doubles(p), Doubles(parameter));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Adams_updates_are_the_published_ones(bool rectified)
    {
        using var scope = NewDisposeScope();
        var p = Start.Select(x => (double)x).ToArray();
        var (m, v) = (new double[p.Length], new double[p.Length]);
        for (var t = 1; t <= Steps; t++)
        {
            var rhoInfinity = 2 / (1 - 0.999) - 1;
            var rho = rhoInfinity - 2 * t * Math.Pow(0.999, t) / (1 - Math.Pow(0.999, t));
            var r = Math.Sqrt((rho - 4) * (rho - 2) * rhoInfinity / ((rhoInfinity - 4) * (rhoInfinity - 2) * rho));
            for (var i = 0; i < p.Length; i++)
            {
                var g = 2 * p[i] + Math.Cos(p[i]);
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.999 * v[i] + 0.001 * g * g;
                var mean = m[i] / (1 - Math.Pow(0.9, t));
                var deviation = Math.Sqrt(v[i] / (1 - Math.Pow(0.999, t)));
                p[i] -= LearningRate * (!rectified ? mean / deviation : rho > 5 ? r * mean / deviation : mean);
            }
        }

        AssertClose(p, Run(parameter => new Adam([parameter], LearningRate, rectified)));
    }

    [Fact]
    public void The_learning_rate_may_change_at_every_step()
    {
        using var scope = NewDisposeScope();
        var p = Start.Select(x => (double)x).ToArray();
        var schedule = Schedule.Cosine(0.1, 0.001, Steps / 2);
        for (var t = 0; t < Steps; t++)
        {
            for (var i = 0; i < p.Length; i++)
                p[i] -= schedule(t) * (2 * p[i] + Math.Cos(p[i]));
        }

        AssertClose(p, Run(parameter => new Sgd([parameter], 0), (optimizer, step) => optimizer.LearningRate = schedule(step)));
    }

    [Fact]
    public void Parameters_without_a_gradient_stay_and_nothing_leaks()
    {
        using var scope = NewDisposeScope();
        var unused = Parameter(ones(3));
        foreach (var (ours, _) in Pairs.Values)
        {
            using var optimizer = ours(unused);
            optimizer.Step();
        }

        Assert.Equal([1f, 1f, 1f], unused.data<float>().ToArray());
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        foreach (var (ours, _) in Pairs.Values)
            ours(unused).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Schedules_go_where_they_say()
    {
        var cosine = Schedule.Cosine(0.1, 0.02, 100);
        Assert.Equal([0.1, 0.06, 0.02, 0.02], [cosine(0), cosine(50), cosine(100), cosine(150)], Close);
        var linear = Schedule.Linear(1, 3, 4);
        Assert.Equal([1, 2, 3, 3], [linear(0), linear(2), linear(4), linear(9)], Close);
        var stairs = Schedule.Stairs(8, 0.5, 10);
        Assert.Equal([8, 8, 4, 2], [stairs(0), stairs(9), stairs(10), stairs(29)], Close);
        var warm = Schedule.Linear(2, 2, 1).WarmedUp(4);
        Assert.Equal([0.5, 1, 1.5, 2, 2], [warm(0), warm(1), warm(2), warm(3), warm(50)], Close);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1e6)]
    public void Gradients_are_clipped_as_torchsharp_does(double largest)
    {
        using var scope = NewDisposeScope();
        var parameters = new[] { Parameter(tensor(Start)), Parameter(ones(5000)), Parameter(ones(2)) };
        foreach (var parameter in parameters[..2])
            Objective(parameter).backward();
        var expected = parameters[..2].Select(p => p.grad!.clone()).ToArray();
        var norm = Math.Sqrt(expected.Sum(g => g.to_type(ScalarType.Float64).square().sum().item<double>()));

        Assert.Equal(norm, GradientClipping.ByNorm(parameters, largest), norm * 1e-6);

        foreach (var (gradient, parameter) in expected.Zip(parameters))
            AssertClose(Doubles(gradient * Math.Min(1, largest / norm)), Doubles(parameter.grad!));
    }

    [Fact]
    public void A_norm_that_is_not_finite_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(ones(3));
        parameter.grad = tensor(new[] { 1f, float.NaN, 2f });

        Assert.Equal(double.NaN, GradientClipping.ByNorm([parameter], 1));
        Assert.Equal([1f, float.NaN, 2f], parameter.grad.data<float>().ToArray());
    }

    private static double[] Run(Func<Parameter, Optimizer> make, Action<Optimizer, int>? before = null)
    {
        var parameter = Parameter(tensor(Start));
        using var optimizer = make(parameter);
        for (var step = 0; step < Steps; step++)
        {
            parameter.grad?.zero_();
            Objective(parameter).backward();
            before?.Invoke(optimizer, step);
            optimizer.Step();
        }

        return Doubles(parameter);
    }

    /// <summary>Its gradient is 2p + cos p.</summary>
    private static Tensor Objective(Tensor p) => (p.pow(2) + p.sin()).sum();

    private static double[] Doubles(Tensor tensor) => tensor.detach().to_type(ScalarType.Float64).data<double>().ToArray();

    private static bool Close(double a, double b) => Math.Abs(a - b) < 1e-12;

    private static void AssertClose(IEnumerable<double> expected, IEnumerable<double> actual) =>
        Assert.InRange(expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max(), 0, 1e-5);
}
