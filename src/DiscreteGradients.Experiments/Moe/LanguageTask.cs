using System.Text;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>The next character of a text, read by a transformer with a mixture of experts in each block.</summary>
internal sealed class LanguageTask : MoeTaskRun
{
    /// <summary>Pieces of text that are evaluated at once.</summary>
    private const int EvaluationBatch = 64;

    /// <summary>Pieces of each part that are evaluated, at most: more than the validation part of tiny Shakespeare has.</summary>
    private const int MostEvaluated = 4000;

    /// <summary>Pieces whose routing is compared with the exact gradient.</summary>
    private const int MeasuredPieces = 4;

    /// <summary>Characters that the model writes.</summary>
    private const int Written = 300;

    private readonly MoeOptions _options;
    private readonly CharacterText _text;
    private readonly Tensor _train;
    private readonly Tensor _valid;
    private readonly LanguageModel _model;

    internal LanguageTask(MoeOptions options, CharacterText text, Router router, MoeSeeds seeds)
        : base(seeds)
    {
        (_options, _text) = (options, text);
        (_train, _valid) = (Numbers(text.Train), Numbers(text.Valid));
        var (width, dropout) = (options.Width, new Dropout(options.Dropout, seeds.Noise));
        RoutedLayer Layer() => new(
            options, router, width, width, () => new Expert(width, options.Hidden!.Value, seeds.Weights, dropout),
            seeds.Weights, seeds.Noise);
        _model = new LanguageModel(options, text.Characters.Count, Layer, seeds.Weights, dropout);
    }

    internal override Module Model => _model;

    internal override IReadOnlyList<RoutedLayer> Layers => _model.Mixtures;

    internal override Tensor Loss()
    {
        var starts = randint(_train.shape[0] - _options.Block, [_options.Batch], ScalarType.Int64, generator: Seeds.Order);
        var (text, next) = Pieces(_train, starts);
        return Losses(_model.forward(text), next).mean();
    }

    internal override Sketch[] Evaluate(Dictionary<string, double> numbers, bool draws, CancellationToken cancellation)
    {
        numbers["evaluated_train_loss"] = Evaluate(_train, () => { }, null, cancellation);
        var (entropy, batches) = (0.0, 0);
        var counts = Layers.Select(_ => new long[_options.Experts, _text.Characters.Count]).ToList();
        numbers["valid_loss"] = Evaluate(
            _valid,
            () =>
            {
                entropy += Layers.Average(layer => layer.Mixture.Report.Entropy());
                batches++;
            },
            counts, cancellation);
        numbers["router_entropy"] = entropy / batches;
        if (!draws)
            return [];
        var sketch = CharacterSketch.Draw(_text.Characters, counts);
        return [sketch with { Text = sketch.Text + "\n" + Write() + "\n" }];
    }

    internal override (Tensor Tokens, Func<Tensor, Tensor> Losses) Measured()
    {
        var pieces = Math.Min(MeasuredPieces, _valid.shape[0] / (_options.Block + 1));
        var (text, next) = Pieces(_valid, arange(pieces) * _options.Block);
        var attended = _model.Last.Attended(_model.Before(text, _options.Layers - 1)).flatten(0, 1);
        return (_model.Last.Normed(attended), output => Losses(_model.Logits(attended + output), next));
    }

    public override void Dispose()
    {
        base.Dispose();
        _train.Dispose();
        _valid.Dispose();
    }

    private static Tensor Losses(Tensor logits, Tensor next) => functional.cross_entropy(
        logits.view(-1, logits.shape[^1]), next.flatten(), reduction: Reduction.None);

    private static Tensor Numbers(ReadOnlyMemory<int> text) =>
        tensor(Array.ConvertAll(text.ToArray(), i => (long)i)).DetachFromDisposeScope();

    /// <summary>Pieces of text [B, T] from those places on, and what comes next after each of their characters.</summary>
    private (Tensor Text, Tensor Next) Pieces(Tensor text, Tensor starts)
    {
        var pieces = text.index_select(0, (starts.unsqueeze(1) + arange(_options.Block + 1)).flatten()).view(-1, _options.Block + 1);
        return (pieces.narrow(1, 0, _options.Block), pieces.narrow(1, 1, _options.Block));
    }

    /// <summary>The mean loss over pieces from one end of a part to the other.</summary>
    private double Evaluate(Tensor part, Action batchDone, List<long[,]>? counts, CancellationToken cancellation)
    {
        var last = part.shape[0] - _options.Block - 1;
        var pieces = (int)Math.Min(MostEvaluated, ((_valid.shape[0] - 1) / _options.Block));
        var total = 0.0;
        for (var first = 0; first < pieces; first += EvaluationBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var count = Math.Min(EvaluationBatch, pieces - first);
            var (text, next) = Pieces(part, (arange(first, first + count) * last).div_(Math.Max(1, pieces - 1), RoundingMode.floor));
            total += Losses(_model.forward(text), next).sum().item<float>();
            batchDone();
            if (counts is not null)
                Count(text, counts);
        }

        return total / ((double)pieces * _options.Block);
    }

    /// <summary>Adds which characters went to which expert.</summary>
    private void Count(Tensor text, List<long[,]> counts)
    {
        var characters = text.flatten().data<long>().ToArray();
        foreach (var (layer, its) in counts.Index())
        {
            var chosen = Layers[layer].Mixture.Report.Chosen.to_type(ScalarType.Byte).data<byte>().ToArray();
            for (var i = 0; i < chosen.Length; i++)
                its[i % _options.Experts, characters[i / _options.Experts]] += chosen[i];
        }
    }

    /// <summary>A text that the model makes up, always from the same random numbers.</summary>
    private string Write()
    {
        using var generator = new Generator(0);
        var written = new List<long> { 0 };
        while (written.Count <= Written)
        {
            using var scope = NewDisposeScope();
            var logits = _model.forward(tensor(written.TakeLast(_options.Block).ToArray()).unsqueeze(0))[0, -1];
            written.Add(OneHot.Sample(logits, generator: generator).argmax().item<long>());
        }

        return string.Concat(written.Skip(1).Select(i => _text.Characters[(int)i]));
    }
}
