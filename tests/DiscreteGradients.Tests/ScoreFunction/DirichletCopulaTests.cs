using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.ScoreFunction.Coupled;

namespace DiscreteGradients.Tests.ScoreFunction;

public class DirichletCopulaTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Coupled_numbers_are_uniform_and_two_are_below_a_bound_as_often_as_said(int samples)
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var u = DirichletCopula.Uniform(samples, zeros(Draws, ScalarType.Float64), Noise.Draw(generator));

        foreach (var (x, y) in new[] { (0.1, 0.1), (0.3, 0.9), (0.6, 0.7), (0.95, 0.5) })
        {
            var root = (double v) => tensor(Math.Pow(v, 1.0 / (samples - 1)));
            Frequency(x, (u[0] < x).to_type(ScalarType.Float64).mean().item<double>());
            Frequency(DirichletCopula.Below(root(x), root(y), samples).item<double>(), ((u[0] < x) & (u[^1] < y)).to_type(ScalarType.Float64).mean().item<double>());
        }

        static void Frequency(double expected, double got) =>
            Assert.InRange(Math.Abs(got - expected) / (Math.Sqrt(expected * (1 - expected) / Draws) + 1e-15), 0, 5);
    }
}
