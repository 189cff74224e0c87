using System.Diagnostics;
using DiscreteGradients.Experiments;
using DiscreteGradients.Experiments.Bench;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DiscreteGradients.Benchmarks;

/// <summary>
/// One training step of the categorical autoencoder (8 categories, 4 latents, 100 images, ReinMax, Adam), in turns: as a lean PyTorch
/// program does it, operation by operation on this libtorch, and as <c>dgrad run vae</c> does it, with its parts.
/// </summary>
internal static class VaeStep
{
    private const int Rounds = 60;
    private const int Steps = 10;
    private const double Temperature = 1.3;
    private const double LearningRate = 5e-4;

    private static readonly string[] Parts = ["images", "encoder", "divergence", "sample, decoder, cross-entropy", "backward", "Adam"];

    internal static void Run()
    {
        set_num_threads(1);
        using var lean = new Lean();
        using var own = new Own();
        var (leanTimes, ownTimes) = (new List<double>(), new List<double>());
        var parts = Parts.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            for (var step = 0; step < Steps; step++)
                leanTimes.Add(Time(() => lean.Step()));
            for (var step = 0; step < Steps; step++)
                ownTimes.Add(Time(() => own.Step(parts)));
        }

        var (theirs, ours) = (Median(leanTimes), Median(ownTimes));
        Console.WriteLine(
            $"lean loop {theirs:0.00} ms, dgrad {ours:0.00} ms a step, one thread: {ours / theirs:0.00} of the lean loop "
            + $"(medians of {leanTimes.Count} steps each, in turns)");
        foreach (var (part, times) in Parts.Zip(parts))
            Console.WriteLine($"{part,-32} {100 * Median(times) / ours,3:0} %");
    }

    private static double Time(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>Layers, activations, loss and Adam as torch.nn and torch.optim have them; ReinMax as in its paper's algorithm 2.</summary>
    private sealed class Lean : IDisposable
    {
        private readonly Sequential _encoder = nn.Sequential(
            nn.Linear(784, 512), nn.ReLU(inplace: true), nn.Linear(512, 256), nn.ReLU(inplace: true), nn.Linear(256, 32));

        private readonly Sequential _decoder = nn.Sequential(
            nn.Linear(32, 256), nn.ReLU(inplace: true), nn.Linear(256, 512), nn.ReLU(inplace: true), nn.Linear(512, 784));

        private static readonly Func<Tensor, Generator?, Tensor> ReinMax = Composed.FormOf(new ReinMax(Temperature))!;

        private readonly Tensor _images = rand(60_000, 784);
        private readonly Tensor _order = randperm(60_000);
        private readonly (Parameter Parameter, Tensor First, Tensor Second)[] _adam;
        private int _step;

        internal Lean() => _adam = [.. _encoder.parameters().Concat(_decoder.parameters()).Select(p => (p, zeros_like(p), zeros_like(p)))];

        internal void Step()
        {
            using var scope = NewDisposeScope();
            var x = _images.index_select(0, _order.narrow(0, _step % 600 * 100, 100));
            foreach (var (parameter, _, _) in _adam)
                parameter.grad = null;
            var logits = _encoder.forward(x).view(-1, 8);
            var z = ReinMax(logits, null).view(-1, 4, 8);
            var q = logits.view(-1, 4, 8).softmax(-1);
            var decoded = _decoder.forward(z.flatten(1));
            var reconstruction = nn.functional.binary_cross_entropy_with_logits(decoded, x, reduction: nn.Reduction.None).sum(-1);
            var divergence = (q * (q + 1e-10).log()).sum([-2, -1]) + (4 * Math.Log(8));
            var loss = (reconstruction + divergence).mean();
            loss.backward();
            Adam();
            loss.item<float>();
        }

        /// <summary>The operations of torch.optim.Adam.</summary>
        private void Adam()
        {
            using var _ = no_grad();
            _step++;
            var (correction1, correction2) = (1 - Math.Pow(0.9, _step), 1 - Math.Pow(0.999, _step));
            foreach (var (parameter, first, second) in _adam)
            {
                var gradient = parameter.grad!;
                first.lerp_(gradient, 0.1);
                second.mul_(0.999).addcmul_(gradient, gradient, 0.001);
                var denominator = second.sqrt().div_(Math.Sqrt(correction2)).add_(1e-8);
                parameter.addcdiv_(first, denominator, -LearningRate / correction1);
            }
        }

        public void Dispose()
        {
            _encoder.Dispose();
            _decoder.Dispose();
            _images.Dispose();
            _order.Dispose();
        }
    }

    /// <summary>The step of <c>dgrad run vae</c>.</summary>
    private sealed class Own : IDisposable
    {
        private readonly Generator _noise = new(1);
        private readonly VaeModel _model;
        private readonly DiscreteGradients.Experiments.Adam _adam;
        private readonly GreyImages _images;
        private readonly long[] _order = [.. randperm(60_000).data<long>()];
        private int _step;

        internal Own()
        {
            _model = new VaeModel(4, 8, slope: 0, _noise);
            _adam = new DiscreteGradients.Experiments.Adam(_model.parameters(), LearningRate);
            var pixels = new byte[60_000 * 784];
            new Random(1).NextBytes(pixels);
            _images = new GreyImages(pixels);
        }

        internal void Step(List<double>[] parts)
        {
            using var scope = NewDisposeScope();
            var part = 0;
            T Part<T>(Func<T> action)
            {
                var start = Stopwatch.GetTimestamp();
                var result = action();
                parts[part++].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                return result;
            }

            var x = Part(() => _images.Take(_order.AsSpan(_step % 600 * 100, 100)));
            _model.zero_grad();
            var logits = Part(() => _model.Encode(x));
            var divergence = Part(() => VaeModel.Divergence(logits));
            var losses = Part(() => new ReinMax(Temperature).Estimate(logits, z => _model.Reconstruction(z, x), _noise) + divergence);
            Part(() =>
            {
                losses.mean().backward();
                return 0;
            });
            Part(() =>
            {
                _adam.Step();
                return 0;
            });
            losses.sum().item<float>();
            _step++;
        }

        public void Dispose()
        {
            _adam.Dispose();
            _model.Dispose();
            _noise.Dispose();
        }
    }
}
