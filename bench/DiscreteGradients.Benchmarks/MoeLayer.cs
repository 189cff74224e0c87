using System.Diagnostics;
using System.Runtime.InteropServices;
using DiscreteGradients.Fused;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DiscreteGradients.Benchmarks;

/// <summary>
/// A mixture of experts forward and backward (width 128, 8 experts of 128 → 512 → 128 with ReLU, float32, one thread), in turns with:
/// the experts' matrix products alone, the experts alone on rows that lie in order, a loop over experts with index_select, and the routing
/// alone.
/// </summary>
internal static class MoeLayer
{
    private const int Width = 128;
    private const int Hidden = 4 * Width;
    private const int Experts = 8;

    internal static void Run(string[] args)
    {
        set_num_threads(1);
        var rounds = args.Length > 1 ? int.Parse(args[1]) : 40;
        foreach (var tokens in (int[])[512, 8192])
        {
            foreach (var router in (Router[])[new SwitchRouter(), new TopKRouter(2)])
            {
                using var scope = NewDisposeScope();
                Measure(tokens, router, rounds);
            }
        }
    }

    private static void Measure(int tokens, Router router, int rounds)
    {
        var experts = Enumerable.Range(0, Experts)
            .Select(_ => nn.Sequential(nn.Linear(Width, Hidden), nn.ReLU(), nn.Linear(Hidden, Width))).ToArray();
        using var layer = new MixtureOfExperts(experts, router, Width);
        var (x, slope) = (randn(tokens, Width, requires_grad: true), randn(tokens, Width));
        using (NewDisposeScope())
            layer.forward(x);
        var load = layer.Report.Load;
        var parts = load.Select(count => (X: randn(count, Width, requires_grad: true), Slope: randn(count, Width))).ToArray();
        var ways = new (string Name, Action Step)[]
        {
            ("layer", () => autograd.backward([layer.forward(x)], [slope])),
            ("matrix products alone", () => Products(experts, parts)),
            ("experts alone", () => Alone(experts, parts)),
            ("loop with index_select", () => autograd.backward([Loop(layer, experts, x)], [slope])),
            ("routing alone", () => Routing(layer, x, slope)),
        };
        var times = ways.Select(_ => new List<double>()).ToArray();
        for (var round = -Warmup(tokens); round < rounds; round++)
        {
            if (round == -Warmup(tokens) / 2)
                Thread.Sleep(500);  // the compiler takes up what has been called often
            foreach (var (i, way) in ways.Index())
            {
                foreach (var parameter in layer.parameters())
                    parameter.grad = null;
                x.grad = null;
                foreach (var part in parts)
                    part.X.grad = null;
                var start = ThreadTime();
                using (NewDisposeScope())
                    way.Step();
                if (round >= 0)
                    times[i].Add(ThreadTime() - start);
            }
        }

        var least = times.Select(t => t.Min()).ToArray();
        var medians = times.Select(t => t.Order().ElementAt(t.Count / 2)).ToArray();
        Console.WriteLine($"{tokens} tokens, {router}, load {string.Join(" ", load)}:");
        foreach (var (i, way) in ways.Index())
        {
            Console.WriteLine(
                $"  {way.Name,-24} least {least[i],7:0.00} ms, median {medians[i],7:0.00} ms; "
                + $"layer / this {least[0] / least[i]:0.00}, of medians {medians[0] / medians[i]:0.00}");
        }
    }

    /// <summary>Milliseconds of processor that this thread has had: what other programs do counts less than on the clock.</summary>
    private static double ThreadTime()
    {
        const int CpuTimeOfThread = 3;
        if (!OperatingSystem.IsLinux())
            return Stopwatch.GetElapsedTime(0).TotalMilliseconds;
        _ = clock_gettime(CpuTimeOfThread, out var time);
        return (time.Seconds * 1e3) + (time.Nanoseconds / 1e6);
    }

    [DllImport("libc")]
    private static extern int clock_gettime(int clock, out Time time);

    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }

    private static int Warmup(int tokens) => 8 + (40_000 / tokens);

    /// <summary>The six products of each expert, without biases, activations and autograd.</summary>
    private static void Products(Sequential[] experts, (Tensor X, Tensor Slope)[] parts)
    {
        using var _ = no_grad();
        foreach (var (expert, (x, slope)) in experts.Zip(parts))
        {
            using var scope = NewDisposeScope();
            var (first, second) = (((Linear)expert[0]).weight, ((Linear)expert[2]).weight);
            var h = x.mm(first.t());
            h.mm(second.t());
            slope.t().mm(h);
            var back = slope.mm(second);
            back.t().mm(x);
            back.mm(first);
        }
    }

    private static void Alone(Sequential[] experts, (Tensor X, Tensor Slope)[] parts)
    {
        foreach (var (expert, (x, slope)) in experts.Zip(parts))
            autograd.backward([expert.forward(x)], [slope]);
    }

    /// <summary>As a program in PyTorch has it.</summary>
    private static Tensor Loop(MixtureOfExperts layer, Sequential[] experts, Tensor x)
    {
        var scores = x.mm(layer.get_parameter("scorer.weight")!.t());
        Tensor weights, chosen;
        if (layer.Router is TopKRouter { Picks: var k })
        {
            var (values, indices) = scores.topk(k);
            (weights, chosen) = (values.softmax(-1), indices);
        }
        else
        {
            var (values, indices) = scores.softmax(-1).max(-1, keepdim: true);
            (weights, chosen) = (values, indices);
        }

        var output = zeros_like(x);
        for (var e = 0; e < experts.Length; e++)
        {
            var found = (chosen == e).nonzero();
            var (token, pick) = (found.select(1, 0), found.select(1, 1));
            var weight = weights.index_select(0, token).gather(1, pick.unsqueeze(-1));
            output = output.index_add(0, token, experts[e].forward(x.index_select(0, token)) * weight, 1);
        }

        return output;
    }

    /// <summary>What the layer does besides its experts and the copies of rows to and from them.</summary>
    private static void Routing(MixtureOfExperts layer, Tensor x, Tensor slope)
    {
        var scores = x.mm(layer.get_parameter("scorer.weight")!.t());
        var routing = layer.Router.Route(scores);
        Grouping.Of(routing.Chosen);
        autograd.backward([routing.Weights], [slope.narrow(1, 0, Experts)]);
    }
}
