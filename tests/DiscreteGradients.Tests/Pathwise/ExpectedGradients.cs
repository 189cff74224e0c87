using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests.Pathwise;

/// <summary>The theorems of Liu et al. 2023, by enumeration and without noise: one row of logits per possible sample, the sample attached,
/// the gradients weighted with the sample's probability.</summary>
internal static class ExpectedGradients
{
    internal const int K = 4;

    /// <summary>f on [.., 1, K] with values [..]; cross terms between categories, so that no shortcut for separable f applies.</summary>
    public static TheoryData<string> Objectives { get; } = ["linear", "quadratic", "cubic", "exponential"];

    internal static Func<Tensor, Tensor> Objective(string name) => name switch
    {
        "linear" => Conformance.Polynomial(1, K),
        "quadratic" => Conformance.Polynomial(2, K),
        "cubic" => Conformance.Polynomial(3, K),
        "exponential" => z => (Conformance.Polynomial(2, K)(z) * 0.3).exp() + z.flatten(-2).matmul(linspace(-1, 1, K, ScalarType.Float64)).sin(),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    internal static (Tensor Logits, Tensor Probabilities) Row()
    {
        var logits = tensor(new[,] { { 0.3, -0.9, 1.1, 0.2 } });
        return (logits, logits.softmax(-1)[0]);
    }

    /// <summary>Σᵢ Σⱼ φⱼ ⟨atI f′(Iᵢ) + atJ f′(Iⱼ), Iᵢ − Iⱼ⟩ dπᵢ/dθ: definitions 3.1 (0, 1) and 3.2 (½, ½), [1, K].</summary>
    internal static Tensor Trapezoid(Func<Tensor, Tensor> f, Tensor p, double atI, double atJ, Tensor baseline)
    {
        var corners = eye(K, dtype: ScalarType.Float64).view(K, 1, K).requires_grad_(true);
        var slope = autograd.grad([f(corners).sum()], [corners])[0].view(K, K);
        var jacobian = diag(p) - outer(p, p);
        var sum = zeros([K], ScalarType.Float64);
        for (var i = 0; i < K; i++)
        {
            for (var j = 0; j < K; j++)
            {
                var step = eye(K, dtype: ScalarType.Float64)[i] - eye(K, dtype: ScalarType.Float64)[j];
                sum += baseline[j] * ((atI * slope[i]) + (atJ * slope[j])).dot(step) * jacobian[i];
            }
        }

        return sum.unsqueeze(0);
    }

    /// <summary>The expected gradient [L, K], exact: every joint sample attached to its own copy of the logits.</summary>
    internal static Tensor Expectation(PathwiseEstimator estimator, Tensor logits, Func<Tensor, Tensor> f)
    {
        var states = OneHot.States((int)logits.shape[0], (int)logits.shape[1], ScalarType.Float64);
        var copies = logits.expand([states.shape[0], .. logits.shape]).clone().requires_grad_(true);
        var gradients = autograd.grad([f(estimator.Attach(copies, states)).sum()], [copies])[0];
        var probability = Distribution.LogProbability(logits, states).sum(-1).exp();
        return (probability.view(-1, 1, 1) * gradients).sum([0]);
    }

    internal static Tensor Exact(Tensor logits, Func<Tensor, Tensor> f)
    {
        var leaf = logits.clone().requires_grad_(true);
        return autograd.grad([new ExactEnumeration().Estimate(leaf, f)], [leaf])[0];
    }

    internal static void Close(Tensor expected, Tensor got, double tolerance = 1e-12)
    {
        Assert.Equal(expected.shape, got.shape);
        Assert.True((expected - got).abs().max().item<double>() <= tolerance * Math.Max(1, expected.abs().max().item<double>()));
    }
}
