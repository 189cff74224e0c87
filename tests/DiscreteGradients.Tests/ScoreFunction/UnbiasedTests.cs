using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.ScoreFunction;

/// <summary>Everything that promises to be unbiased, against exact enumeration: gradient, value, and the gradient of parameters inside f.</summary>
public class UnbiasedTests
{
    private const int Draws = 4_000;
    private const double Bound = 5;

    private static readonly string[] Names =
        [.. Estimators.All.Where(e => e.Default is not ExactEnumeration && e.Default.Order == GradientEstimator.Unbiased).Select(e => e.Name)];

    public static MatrixTheoryData<string, string, (int Latents, int Categories)> Cases { get; } =
        new(Names, ["linear", "quadratic", "cubic", "mlp"], [(1, 5), (2, 3), (3, 2)]);

    public static TheoryData<string> AllNames { get; } = [.. Names];

    private static Func<Tensor, Tensor> Objective(string name, int size) => name switch
    {
        "linear" => Conformance.Polynomial(1, size),
        "quadratic" => Conformance.Polynomial(2, size),
        "cubic" => Conformance.Polynomial(3, size),
        "mlp" => Network(size, ones(8, ScalarType.Float64)),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    private static Func<Tensor, Tensor> Network(int size, Tensor output)
    {
        using var generator = Conformance.Seeded(9);
        var input = randn([size, 8], ScalarType.Float64, generator: generator);
        return z => z.flatten(-2).matmul(input).tanh().matmul(output) + 2;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradient_and_value_have_no_bias(string name, string objective, (int Latents, int Categories) size)
    {
        var shape = Conformance.For(Estimators.Get(name).Default, [size.Latents, size.Categories]);
        using var fresh = new Conformance.Fresh(Estimators.Get(name).Default, zeros(shape));
        var estimator = fresh.Estimator;
        foreach (var masked in new[] { false, true })
        {
            using var scope = NewDisposeScope();
            var logits = Conformance.Logits(shape, seed: 3);
            if (masked)
                logits[0, 0] = double.NegativeInfinity;
            var f = Objective(objective, (int)logits.numel());

            if (!masked || logits.numel() > 2)  // one latent of one category has no gradient to measure
            {
                var report = GradientQuality.Measure(estimator, logits, f, Draws, Conformance.Seeded(12));
                Assert.True(report.LargestZ < Bound, $"masked {masked}: z = {report.LargestZ}");
            }

            var values = estimator.Estimate(logits.expand([Draws, .. shape]), f, Conformance.Seeded(13));
            var error = values.mean().item<double>() - new ExactEnumeration().Estimate(logits, f).item<double>();
            var standardError = (values.std().item<double>() / Math.Sqrt(Draws)) + 1e-13;
            Assert.InRange(Math.Abs(error) / standardError, 0, Bound);
        }
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void Parameters_inside_f_have_no_bias(string name)
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded(14);
        var logits = Conformance.Logits(Conformance.For(Estimators.Get(name).Default, [2, 3]), seed: 3);
        using var fresh = new Conformance.Fresh(Estimators.Get(name).Default, logits);
        var estimator = fresh.Estimator;
        var output = ones(8, ScalarType.Float64).requires_grad_(true);
        var f = Network((int)logits.numel(), output);
        Tensor Gradient(GradientEstimator of, Tensor at) => autograd.grad([of.Estimate(at, f, generator).mean()], [output])[0];

        var groups = stack([.. Enumerable.Range(0, 50).Select(_ => Gradient(estimator, logits.expand(100, 2, -1)))]);

        var error = groups.mean([0]) - Gradient(new ExactEnumeration(), logits);
        var standardError = (groups.std([0]) / Math.Sqrt(50)) + 1e-13;
        Assert.InRange((error.abs() / standardError).max().item<double>(), 0, Bound);
    }
}
