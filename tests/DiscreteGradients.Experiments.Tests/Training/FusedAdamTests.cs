using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments.Tests.Vae;

public sealed class FusedAdamTests
{
    private const double LearningRate = 0.01;
    private const int Steps = 200;

    private static readonly float[] Start = [.. Enumerable.Range(0, 37).Select(i => MathF.Sin(i) * 3)];

    [Fact]
    public void Adam_is_torchsharps()
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(tensor(Start));
        using var adam = optim.Adam([parameter], LearningRate);
        for (var step = 0; step < Steps; step++)
        {
            adam.zero_grad();
            Objective(parameter).backward();
            adam.step();
        }

        AssertClose(parameter.data<float>().ToArray().Select(x => (double)x), Run(rectified: false));
    }

    [Fact]
    public void The_update_for_other_devices_is_that_of_the_CPU()
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(tensor(Start));
        using var adam = new FusedAdam([parameter], LearningRate);
        var (p, m, v) = (tensor(Start), zeros(Start.Length), zeros(Start.Length));
        for (var step = 1; step <= 5; step++)
        {
            parameter.grad = null;
            Objective(parameter).backward();
            adam.Step();
            FusedAdam.Update(
                p, 2 * p + p.cos(), m, v, (float)(LearningRate / (1 - Math.Pow(0.9, step))), (float)(1 / Math.Sqrt(1 - Math.Pow(0.999, step))), 1e-8f);
        }

        AssertClose(p.data<float>().ToArray().Select(x => (double)x), parameter.data<float>().ToArray().Select(x => (double)x));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Updates_are_the_published_ones(bool rectified)
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

        AssertClose(p, Run(rectified));
    }

    private static IEnumerable<double> Run(bool rectified)
    {
        var parameter = Parameter(tensor(Start));
        var unused = Parameter(ones(3));
        var adam = new FusedAdam([parameter, unused], LearningRate, rectified);
        for (var step = 0; step < Steps; step++)
        {
            parameter.grad?.zero_();
            Objective(parameter).backward();
            adam.Step();
        }

        Assert.Equal([1f, 1f, 1f], unused.data<float>().ToArray());
        return parameter.data<float>().ToArray().Select(x => (double)x);
    }

    /// <summary>Its gradient is 2p + cos p.</summary>
    private static Tensor Objective(Tensor p) => (p.pow(2) + p.sin()).sum();

    private static void AssertClose(IEnumerable<double> expected, IEnumerable<double> actual) =>
        Assert.InRange(expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max(), 0, 1e-5);
}
