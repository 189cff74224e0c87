using DiscreteGradients.Testing;
using DiscreteGradients.Tests.Pathwise;

namespace DiscreteGradients.Tests.Choices;

/// <summary>Networks of one choice and of two, small enough to enumerate, with losses that are polynomials of the outputs.</summary>
internal static class Toys
{
    internal const int K = 4;
    internal const int Width = 3;

    /// <summary>Every kind of operation: zeros, the input itself, a linear one and one that is not linear in its input.</summary>
    internal static DiscreteChoice Operations(int seed, ScalarType dtype = ScalarType.Float64) => new(
        new ZeroOperation(), nn.Identity(),
        new Matrix(Numbers([Width, Width], seed, dtype)), new Matrix(Numbers([Width, Width], seed + 1, dtype)));

    internal static Tensor Numbers(long[] shape, int seed, ScalarType dtype = ScalarType.Float64) =>
        Conformance.Logits(shape, dtype, seed);

    /// <summary>A polynomial of that degree in y [.., Width], of which every entry counts, with cross terms.</summary>
    internal static Func<Tensor, Tensor> Loss(int degree, int seed = 20) => y =>
        Enumerable.Range(1, degree).Select(d => y.matmul(Numbers([Width, 5], seed + d)).pow(d).sum()).Aggregate((a, b) => a + b);

    /// <summary>The mean over the joint samples of the gradients that the rule has at the logits [choices, K].</summary>
    internal static Tensor Expected(ChoiceRule rule, Tensor logits, Func<IReadOnlyList<Choice>, Tensor> loss) =>
        Sum(logits, (operations, probability) => Gradient(rule, logits, operations, loss) * probability);

    /// <summary>The gradient of the expected loss, from the values of all joint samples.</summary>
    internal static Tensor Exact(Tensor logits, Func<IReadOnlyList<Choice>, Tensor> loss)
    {
        var leaf = logits.clone().requires_grad_(true);
        var total = Sum(logits, (operations, _) =>
        {
            var log = leaf.log_softmax(-1).gather(1, Index(operations)).sum();
            return loss(new EulerRule().Take(logits, operations)).detach() * log.exp();
        });
        return autograd.grad([total], [leaf])[0];
    }

    /// <summary>The gradient at the logits of one joint sample.</summary>
    internal static Tensor Gradient(
        ChoiceRule rule, Tensor logits, int[] operations, Func<IReadOnlyList<Choice>, Tensor> loss, Generator? generator = null)
    {
        var leaf = logits.clone().requires_grad_(true);
        loss(rule.Take(leaf, operations, generator: generator)).backward();
        return leaf.grad!;
    }

    /// <summary>D − π.</summary>
    internal static Tensor Surprise(Tensor logits, int[] operations) =>
        OneHot.FromIndex(Index(operations).squeeze(-1), K, logits.dtype) - logits.softmax(-1);

    internal static void Close(Tensor expected, Tensor got) => ExpectedGradients.Close(expected, got);

    private static Tensor Sum(Tensor logits, Func<int[], double, Tensor> term)
    {
        var states = OneHot.States((int)logits.shape[0], K, ScalarType.Float64);
        var log = Distribution.LogProbability(logits, states).sum(-1);
        return Enumerable.Range(0, (int)states.shape[0]).Select(i => term(
            Array.ConvertAll(states[i].argmax(-1).data<long>().ToArray(), k => (int)k), log[i].exp().item<double>()))
            .Aggregate((a, b) => a + b);
    }

    private static Tensor Index(int[] operations) => tensor(operations.Select(k => (long)k).ToArray()).unsqueeze(-1);
}

/// <summary>x times a matrix that is learnt. It counts how often it ran.</summary>
internal sealed class Matrix : nn.Module<Tensor, Tensor>
{
    internal Matrix(Tensor weight)
        : base(nameof(Matrix))
    {
        Weight = nn.Parameter(weight);
        register_parameter("weight", Weight);
    }

    internal TorchSharp.Modules.Parameter Weight { get; }

    internal int Runs { get; private set; }

    public override Tensor forward(Tensor input)
    {
        Runs++;
        return input.matmul(Weight);
    }
}

/// <summary>Any function as an operation.</summary>
internal sealed class Applied(Func<Tensor, Tensor> function) : nn.Module<Tensor, Tensor>(nameof(Applied))
{
    public override Tensor forward(Tensor input) => function(input);
}
