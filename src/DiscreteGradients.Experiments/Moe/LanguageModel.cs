using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace DiscreteGradients.Experiments;

/// <summary>A transformer that reads characters from left to right, with a mixture of experts in each block.</summary>
/// <remarks>
/// The configuration of makeMoE (A. S. Ranganathan, 2024, github.com/AviSoori1x/makeMoE): layers are normalised before they are applied,
/// positions are learnt, the scores of attention are divided by the root of the width of the whole embedding (not of a head), queries, keys
/// and values have no bias, weights of linear layers are drawn from N(0, 2/inputs).
/// </remarks>
internal sealed class LanguageModel : Module<Tensor, Tensor>
{
    private readonly Parameter _characters;
    private readonly Parameter _positions;
    private readonly TransformerBlock[] _blocks;
    private readonly LayerNorm _norm;
    private readonly Linear _head;

    /// <param name="characters">Distinct characters.</param>
    /// <param name="layer">Makes the mixture of experts of a block.</param>
    /// <param name="weights">Draws the weights.</param>
    /// <param name="dropout">Shared by all blocks.</param>
    internal LanguageModel(MoeOptions options, int characters, Func<RoutedLayer> layer, Generator weights, Dropout dropout)
        : base(nameof(LanguageModel))
    {
        _characters = Layers.Weight(characters, options.Width, 1, weights);
        _positions = Layers.Weight(options.Block, options.Width, 1, weights);
        _blocks = [.. Enumerable.Range(0, options.Layers).Select(_ => new TransformerBlock(options, layer(), weights, dropout))];
        _norm = LayerNorm(options.Width);
        _head = Layers.Linear(options.Width, characters, weights);
        foreach (var (i, block) in _blocks.Index())
            register_module($"block{i + 1}", block);
        RegisterComponents();
    }

    /// <summary>The mixture of each block.</summary>
    internal IReadOnlyList<RoutedLayer> Mixtures => [.. _blocks.Select(block => block.Layer)];

    /// <summary>Logits of the next character [B, T, characters] after each of the characters [B, T].</summary>
    public override Tensor forward(Tensor text) => Logits(Before(text, _blocks.Length));

    /// <summary>The states [B, T, d] after so many blocks.</summary>
    internal Tensor Before(Tensor text, int blocks)
    {
        var x = _characters.index_select(0, text.flatten()).view([.. text.shape, -1]) + _positions.narrow(0, 0, text.shape[1]);
        foreach (var block in _blocks.Take(blocks))
            x = block.forward(x);
        return x;
    }

    /// <summary>Logits of the next character from the states after the last block.</summary>
    internal Tensor Logits(Tensor x) => Layers.Apply(_head, _norm.forward(x));

    /// <summary>The last block.</summary>
    internal TransformerBlock Last => _blocks[^1];
}

/// <summary>Attention over what was read before, then a mixture of experts for each character.</summary>
internal sealed class TransformerBlock : Module<Tensor, Tensor>
{
    private readonly LayerNorm _first;
    private readonly Attention _attention;
    private readonly LayerNorm _second;

    internal TransformerBlock(MoeOptions options, RoutedLayer layer, Generator weights, Dropout dropout)
        : base(nameof(TransformerBlock))
    {
        (_first, _second) = (LayerNorm(options.Width), LayerNorm(options.Width));
        (_attention, Layer) = (new Attention(options, weights, dropout), layer);
        RegisterComponents();
        register_module("mixture", layer.Mixture);
    }

    internal RoutedLayer Layer { get; }

    public override Tensor forward(Tensor x)
    {
        x = Attended(x);
        return x + Layer.Mixture.forward(Normed(x));
    }

    /// <summary>The states after attention.</summary>
    internal Tensor Attended(Tensor x) => x + _attention.forward(_first.forward(x));

    /// <summary>What the mixture gets of them.</summary>
    internal Tensor Normed(Tensor x) => _second.forward(x);
}

/// <summary>Attention with several heads to the characters at the same place and before.</summary>
internal sealed class Attention : Module<Tensor, Tensor>
{
    private readonly int _heads;
    private readonly Dropout _dropout;
    private readonly Parameter _all;
    private readonly Linear _output;

    internal Attention(MoeOptions options, Generator weights, Dropout dropout)
        : base(nameof(Attention))
    {
        (_heads, _dropout) = (options.Heads, dropout);
        _all = Layers.Weight(3 * options.Width, options.Width, Math.Sqrt(2.0 / options.Width), weights);
        _output = Layers.Linear(options.Width, options.Width, weights);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var (all, scale, dropping) = (Layers.Apply(x, _all), Math.Pow(x.shape[2], -0.5), _dropout.Draw(training));
        var mixed = FusedAttention.Takes(all)
            ? FusedAttention.Apply(all, _heads, scale, dropping)
            : FusedAttention.Readable(all, _heads, scale, dropping);
        return _dropout.Apply(Layers.Apply(_output, mixed), training);
    }
}
