namespace DiscreteGradients.Experiments;

/// <summary>
/// Compares the gradient that a router gives its scores with the exact one of the expected loss, which takes every way to pick experts. One
/// layer, the last, and a few tokens; everything else is held, without dropout and without noise on the router's input.
/// </summary>
/// <remarks>
/// The exact gradient is that of Σ P(picks) g(Σ w E) over ordered picks without replacement from softmax(θ), for the corrected
/// SparseMixer-2 from softmax(θ/2), with the weights w that the router gives its picks. Routers that are about the dense mixture are
/// compared with g(Σ p E).
/// </remarks>
internal static class RouterGradients
{
    /// <summary>Most ways to pick experts that are gone through.</summary>
    private const int MostWays = 1000;

    /// <summary>What is measured. The cosine and the bias are of the mean over draws; norms are over all tokens and experts.</summary>
    internal static IReadOnlyList<Metric> Metrics { get; } =
    [
        new Metric("router_cosine", "router gradient cosine", Direction.Higher) { Place = MetricPlace.Curve, IsSparse = true },
        new Metric("router_draw_cosine", "router gradient cosine of a draw", Direction.Higher)
        {
            Place = MetricPlace.Curve,
            IsSparse = true,
        },
        new Metric("router_bias", "router gradient bias", Direction.Lower) { Place = MetricPlace.Curve, IsSparse = true },
    ];

    /// <summary>Null if the exact gradient can be computed, else one sentence.</summary>
    internal static string? WhyNot(Router router, int experts)
    {
        var ways = Enumerable.Range(0, Picks(router)).Aggregate(1.0, (product, taken) => product * (experts - taken));
        return ways > MostWays
            ? $"--quality-every goes through all ways to pick experts, here {ways}; at most {MostWays} can be. Use fewer picks or experts."
            : null;
    }

    /// <summary>Adds cosines and bias to the numbers of an epoch. The run goes on as if nothing had been measured.</summary>
    internal static void Measure(
        MoeTaskRun task, int draws, int epoch, Dictionary<string, double> numbers, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var layer = task.Layers[^1];
        task.Model.eval();
        Tensor tokens, scores, outputs;
        Func<Tensor, Tensor> losses;
        using (no_grad())
        {
            (tokens, losses) = task.Measured();
            scores = layer.Scorer.call(tokens);
            outputs = stack(layer.Mixture.Experts.Select(expert => expert.call(tokens)), 1);
            if (layer.Mixture.Router.ScalesOutput)
                outputs *= layer.Mixture.get_parameter("output_scale")!;
        }

        var exact = Gradient(scores, theta => Expected(layer.Mixture.Router, theta, outputs, losses)).flatten();
        var (mean, cosines) = (zeros_like(exact), 0.0);
        using (new Undisturbed(task, layer, epoch))
        {
            for (var draw = 0; draw < draws; draw++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var inner = NewDisposeScope();
                var one = Gradient(scores, theta => losses(layer.Mixture.Mix(tokens, theta)).sum()).flatten();
                mean.add_(one, 1.0 / draws);
                cosines += Cosine(one, exact) / draws;
            }
        }

        Add("router_cosine", Cosine(mean, exact));
        Add("router_draw_cosine", cosines);
        Add("router_bias", ((mean - exact).norm() / exact.norm()).item<float>());

        void Add(string name, double value)
        {
            if (double.IsFinite(value))  // a router without a gradient has none
                numbers[name] = value;
        }

        Tensor Gradient(Tensor at, Func<Tensor, Tensor> loss)
        {
            var theta = at.detach().clone().requires_grad_();
            loss(theta).backward();
            return (theta.grad ?? zeros_like(theta)).narrow(1, 0, layer.Mixture.Experts.Count);
        }
    }

    private static double Cosine(Tensor a, Tensor b) => (a.dot(b) / (a.norm() * b.norm())).item<float>();

    private static int Picks(Router router) => router switch
    {
        TopKRouter its => its.Picks,
        SparseMixerRouter its => its.Picks,
        SparseMixer2Router its => its.Picks,
        _ => 1,
    };

    /// <summary>The sum over tokens of the expected loss; outputs are those of all experts [T, N, ..].</summary>
    internal static Tensor Expected(Router router, Tensor scores, Tensor outputs, Func<Tensor, Tensor> losses)
    {
        var theta = scores.narrow(1, 0, outputs.shape[1]);
        if (router is DenseRouter or DenseStraightThroughRouter or ExpertChoiceRouter)
            return losses((theta.softmax(-1).unsqueeze(-1) * outputs).sum(1)).sum();
        return Rest(theta, [], ones(theta.shape[0]), []);

        Tensor Rest(Tensor left, int[] taken, Tensor chance, Tensor[] probabilities)
        {
            if (taken.Length == Picks(router))
                return (chance * losses(Mixed(taken, probabilities))).sum();
            var p = (router is SparseMixer2Router { IsCorrected: true } ? left / 2 : left).softmax(-1);
            return Enumerable.Range(0, (int)outputs.shape[1]).Except(taken)
                .Select(i => Rest(Without(left, i), [.. taken, i], chance * p.select(1, i), [.. probabilities, p.select(1, i)]))
                .Aggregate((sum, way) => sum + way);
        }

        Tensor Mixed(int[] taken, Tensor[] probabilities)
        {
            var weights = router switch
            {
                SampledRouter => probabilities.Select(p => ones_like(p)).ToArray(),
                TopKRouter => [.. stack(taken.Select(i => theta.select(1, i)), 1).softmax(-1).unbind(1)],
                _ => probabilities,
            };
            return taken.Zip(weights, (i, weight) => weight.unsqueeze(-1) * outputs.select(1, i))
                .Aggregate((sum, term) => sum + term);
        }
    }

    private static Tensor Without(Tensor scores, int expert) =>
        scores.masked_fill(arange(scores.shape[1]) == expert, double.NegativeInfinity);

    /// <summary>The layer as in training, its experts without dropout, with random numbers of the epoch. Then all is as before.</summary>
    private sealed class Undisturbed : IDisposable
    {
        private readonly MoeTaskRun _task;
        private readonly Tensor _noise;
        private readonly List<(Tensor Buffer, Tensor Value)> _buffers;

        internal Undisturbed(MoeTaskRun task, RoutedLayer layer, int epoch)
        {
            (_task, _noise) = (task, task.Seeds.Noise.get_state());
            _buffers = [.. layer.Mixture.named_buffers().Select(buffer => (buffer.buffer, buffer.buffer.clone()))];
            using var its = Seeds.OfEpoch(task.Seeds.Seed, epoch);
            using var state = its.get_state();
            task.Seeds.Noise.set_state(state);
            layer.Mixture.train();
            foreach (var expert in layer.Mixture.Experts)
                expert.eval();
        }

        public void Dispose()
        {
            _task.Seeds.Noise.set_state(_noise);
            _buffers.ForEach(kept => kept.Buffer.copy_(kept.Value));
            _task.Model.eval();
        }
    }
}
