using System.Diagnostics;
using DiscreteGradients.Experiments;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Benchmarks;

/// <summary>
/// A pair of steps of the architecture search at its preset 'small' (64 images of 16x16, 8 channels, one cell a stage, one thread), in
/// turns: as the released GDAS does it, operation by operation on this libtorch, and as <c>dgrad run nas</c> does it, with one operation an
/// edge and with all. Then what the choice adds to a step of the weights. Times are the processor's.
/// </summary>
internal static class NasStep
{
    private const int Batch = 64;
    private const int Rounds = 12;
    private const int Pairs = 8;

    internal static void Run()
    {
        set_num_threads(1);
        var options = new NasOptions();
        var images = MadeShapes.Draw(2 * Batch, 10);
        var halves = NasImages.Halves(images, null);
        var data = new NasData(images, halves.Weights, halves.Architecture);
        using var lean = new LeanGdas(images);
        var own = ((string[])["gdas", "dsnas", "mid-point", "reinmax"]).ToDictionary(
            name => name, name => new NasExperiment(options).TunedFor(name).Start(data, name));
        var times = own.Keys.Prepend("lean").ToDictionary(name => name, _ => new List<double>());
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var name in times.Keys)
            {
                var time = Time(() =>
                {
                    for (var pair = 0; pair < Pairs; pair++)
                    {
                        if (name == "lean")
                            lean.Pair();
                        else
                            own[name].Next();  // an epoch is one pair
                    }
                });
                if (round > 0)  // the first warms up
                    times[name].Add(time / Pairs);
            }
        }

        foreach (var (name, rounds) in times)
        {
            Console.WriteLine(
                $"{(name == "lean" ? "GDAS by plain modules" : name),-22} {rounds.Order().ElementAt(rounds.Count / 2):0.0} ms a pair of "
                + $"steps, {Ratio(rounds, times["lean"]):0.00} of plain modules, {Ratio(rounds, times["gdas"]):0.00} of gdas");
        }

        foreach (var search in own.Values)
            search.Dispose();
        Choice(options, images);
    }

    /// <summary>The same steps of the weights with the same samples, with and without the choice's own gradient.</summary>
    private static void Choice(NasOptions options, LabelledImages images)
    {
        using var weights = new Generator(1);
        using var network = new NasNetwork(images.Channels, options.Channels, options.StageCells, images.Classes.Count, weights);
        using var table = new ChoiceTable(new EulerRule(), zeros(6, 5));
        using var x = randn(Batch, 3, 16, 16);
        using var labels = randint(10, Batch, ScalarType.Int64);
        var (with, without) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds * Pairs; round++)
        {
            foreach (var wanted in (bool[])[true, false])
            {
                table.Logits.requires_grad = wanted;
                (wanted ? with : without).Add(Time(() =>
                {
                    using var scope = NewDisposeScope();
                    using var generator = new Generator((ulong)round);
                    network.zero_grad();
                    table.zero_grad();
                    functional.cross_entropy(network.call(x, table.Draw(generator)), labels).backward();
                }));
            }
        }

        var differences = with.Zip(without, (one, other) => one - other).Skip(Pairs).Order().ToList();
        var (added, pair) = (differences[differences.Count / 2], without.Skip(Pairs).Order().ElementAt(differences.Count / 2) * 2);
        Console.WriteLine($"the choice adds {added:0.0} ms to the step of the logits, {100 * added / pair:0.0} % of two steps");
    }

    private static double Ratio(List<double> times, List<double> others) =>
        times.Zip(others, (time, other) => time / other).Order().ElementAt(times.Count / 2);

    private static double Time(Action action)
    {
        using var process = Process.GetCurrentProcess();
        var start = process.TotalProcessorTime;
        action();
        process.Refresh();
        return (process.TotalProcessorTime - start).TotalMilliseconds;
    }

    /// <summary>Start with data that is there, of a batch: an epoch of it is one pair of steps.</summary>
    private static NasSearch Start(this Experiment experiment, NasData data, string method)
    {
        var entry = NasMethods.All.Single(entry => entry.Name == method);
        return new NasSearch(
            (NasOptions)experiment.Options with { Epochs = 100_000, PictureEvery = 0 }, data,
            entry.With(experiment.Settings(entry, new Dictionary<string, object>())), 0, []);
    }

    /// <summary>The released code in TorchSharp's own modules, losses and optimisers.</summary>
    private sealed class LeanGdas : IDisposable
    {
        private readonly Module<Tensor, Tensor> _stem;
        private readonly Module<Tensor, Tensor>?[][] _cells;
        private readonly (Module<Tensor, Tensor> Main, Module<Tensor, Tensor> Shortcut)[] _blocks;
        private readonly Module<Tensor, Tensor> _head;
        private readonly Parameter _alpha = Parameter(randn(6, 5) * 1e-3);
        private readonly optim.Optimizer _sgd;
        private readonly optim.Optimizer _adam;
        private readonly Tensor _images = randn(Batch, 3, 16, 16);
        private readonly Tensor _labels;

        internal LeanGdas(LabelledImages images)
        {
            var channels = new NasOptions().Channels;
            _labels = randint(images.Classes.Count, Batch, ScalarType.Int64);
            _stem = Sequential(Conv2d(3, channels, 3, padding: 1, bias: false), BatchNorm2d(channels));
            _cells = [.. Enumerable.Range(0, 3).Select(stage => Enumerable.Range(0, 6 * 5).Select(i => Operation(i % 5, channels << stage))
                .ToArray())];
            _blocks = [.. Enumerable.Range(0, 2).Select(stage => Block(channels << stage))];
            _head = Sequential(
                BatchNorm2d(4 * channels), ReLU(), AdaptiveAvgPool2d(1), Flatten(), Linear(4 * channels, images.Classes.Count));
            var weights = new[] { _stem, _head }.Concat(_cells.SelectMany(cell => cell.OfType<Module<Tensor, Tensor>>()))
                .Concat(_blocks.SelectMany(block => new[] { block.Main, block.Shortcut })).SelectMany(module => module.parameters());
            _sgd = optim.SGD(weights, 0.025, momentum: 0.9, weight_decay: 5e-4, nesterov: true);
            _adam = optim.Adam([_alpha], 3e-4, beta1: 0.5, weight_decay: 1e-3);
        }

        internal void Pair()
        {
            Step(_sgd);
            Step(_adam);
        }

        public void Dispose()
        {
            _sgd.Dispose();
            _adam.Dispose();
        }

        private void Step(optim.Optimizer optimizer)
        {
            using var scope = NewDisposeScope();
            _sgd.zero_grad();
            _adam.zero_grad();
            functional.cross_entropy(Forward(), _labels).backward();
            optimizer.step();
        }

        private Tensor Forward()
        {
            var soft = ((functional.log_softmax(_alpha, 1) - empty_like(_alpha).exponential_().log()) / 5).softmax(1);
            var index = soft.argmax(1, keepdim: true);
            var hard = zeros_like(soft).scatter(1, index, ones_like(soft)) - soft.detach() + soft;
            var chosen = index.data<long>().ToArray();
            var x = _stem.call(_images);
            for (var stage = 0; stage < 3; stage++)
            {
                if (stage > 0)
                    x = _blocks[stage - 1].Main.call(x) + _blocks[stage - 1].Shortcut.call(x);
                x = Cell(_cells[stage], x, hard, chosen);
            }

            return _head.call(x);
        }

        private static Tensor Cell(Module<Tensor, Tensor>?[] operations, Tensor x, Tensor hard, long[] chosen)
        {
            var nodes = new List<Tensor> { x };
            for (var (to, edge) = (1, 0); to < 4; to++)
            {
                Tensor? sum = null;
                for (var from = 0; from < to; from++, edge++)
                {
                    var k = (int)chosen[edge];
                    var y = hard[edge, k] * (operations[(5 * edge) + k] is { } operation ? operation.call(nodes[from]) : nodes[from] * 0);
                    for (var other = 0; other < 5; other++)
                        y = other == k ? y : y + hard[edge, other];
                    sum = sum is null ? y : sum + y;
                }

                nodes.Add(sum!);
            }

            return nodes[^1];
        }

        private static Module<Tensor, Tensor>? Operation(int number, long channels) => number switch
        {
            0 => null,
            1 => Identity(),
            4 => AvgPool2d(3, stride: 1, padding: 1, count_include_pad: false),
            _ => Sequential(
                ReLU(), Conv2d(channels, channels, number == 3 ? 3 : 1, padding: number == 3 ? 1 : 0),
                BatchNorm2d(channels, affine: false, track_running_stats: false)),
        };

        private static (Module<Tensor, Tensor>, Module<Tensor, Tensor>) Block(long channels) => (
            Sequential(
                ReLU(), Conv2d(channels, 2 * channels, 3, stride: 2, padding: 1, bias: false), BatchNorm2d(2 * channels),
                ReLU(), Conv2d(2 * channels, 2 * channels, 3, padding: 1, bias: false), BatchNorm2d(2 * channels)),
            Sequential(AvgPool2d(2, stride: 2), Conv2d(channels, 2 * channels, 1, bias: false)));
    }
}
