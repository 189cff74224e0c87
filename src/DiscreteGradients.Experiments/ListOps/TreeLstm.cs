using System.Numerics;
using TorchSharp.Modules;

namespace DiscreteGradients.Experiments;

/// <summary>
/// The parameters of the Gumbel Tree-LSTM, with the initialisation of the released code. What is computed with them is a form.
/// </summary>
/// <remarks>
/// An LSTM from left to right makes a leaf of every symbol. A cell joins two neighbouring nodes, and the query scores the pairs; the
/// estimator chooses which pair is merged, until one node is left, which is classified.
/// Letters: d the size of embedding, leaf and node, V symbols, C classes. Matrices have PyTorch's layout, [outputs, inputs].
/// Reference: Choi, Yoo, Lee 2018, arXiv 1707.02786; the released code of Liu et al. 2023, arXiv 2304.08612.
/// </remarks>
internal sealed class TreeLstm : nn.Module
{
    /// <summary>What the released code calls the parameters, in the order of <see cref="All"/>.</summary>
    internal static IReadOnlyList<string> ReleasedNames { get; } =
    [
        "word_embedding.weight", "encoder.comp_query",
        "encoder.leaf_rnn_cell.weight_ih", "encoder.leaf_rnn_cell.weight_hh",
        "encoder.leaf_rnn_cell.bias_ih", "encoder.leaf_rnn_cell.bias_hh",
        "encoder.treelstm_layer.comp_linear.weight", "encoder.treelstm_layer.comp_linear.bias",
        "classifier.mlp.0.0.weight", "classifier.mlp.0.0.bias", "classifier.clf_linear.weight", "classifier.clf_linear.bias",
    ];

    /// <param name="dropout">
    /// The part of the embedding's, of the root's and of the hidden layer's entries that is set to zero in training.
    /// </param>
    internal TreeLstm(int symbols, int classes, int size, double dropout, ScalarType dtype, Generator generator)
        : base(nameof(TreeLstm))
    {
        (Symbols, Classes, Size, Dropout) = (symbols, classes, size, dropout);
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Embedding = Own("embedding", Normal(0.01, symbols, size));
        Query = Own("query", Normal(0.01, size));
        LeafInput = Own("leaf_input", Kaiming(4 * size, size));
        LeafHidden = Own("leaf_hidden", Orthogonal(4 * size, size));
        var bias = zeros(4 * size, dtype);
        bias.narrow(0, size, size).fill_(1);  // the forget gate stands second: input, forget, new, output
        LeafInputBias = Own("leaf_input_bias", bias);
        LeafHiddenBias = Own("leaf_hidden_bias", zeros(4 * size, dtype));
        Cell = Own("cell", Orthogonal(5 * size, 2 * size));
        CellBias = Own("cell_bias", zeros(5 * size, dtype));
        Hidden = Own("hidden", Kaiming(size, size));
        HiddenBias = Own("hidden_bias", zeros(size, dtype));
        Output = Own("output", empty([classes, size], dtype).uniform_(-0.002, 0.002, generator));
        OutputBias = Own("output_bias", zeros(classes, dtype));
        All =
        [
            Embedding, Query, LeafInput, LeafHidden, LeafInputBias, LeafHiddenBias, Cell, CellBias, Hidden, HiddenBias, Output, OutputBias,
        ];

        Parameter Own(string name, Tensor value)
        {
            var parameter = new Parameter(value.contiguous().DetachFromDisposeScope());
            register_parameter(name, parameter);
            return parameter;
        }

        Tensor Normal(double deviation, params long[] shape) => empty(shape, dtype).normal_(0, deviation, generator);

        Tensor Kaiming(long outputs, long inputs) => Normal(Math.Sqrt(2.0 / inputs), outputs, inputs);

        Tensor Orthogonal(long outputs, long inputs)
        {
            var (q, r) = linalg.qr(empty([outputs, inputs], ScalarType.Float64).normal_(0, 1, generator));
            return (q * r.diagonal().sign()).to_type(dtype).contiguous();
        }
    }

    internal int Symbols { get; }

    internal int Classes { get; }

    /// <summary>d.</summary>
    internal int Size { get; }

    internal double Dropout { get; }

    /// <summary>[V, d].</summary>
    internal Parameter Embedding { get; }

    /// <summary>[d]: the score of a pair is ⟨query, h⟩ / √d of the node that it would become.</summary>
    internal Parameter Query { get; }

    /// <summary>[4d, d].</summary>
    internal Parameter LeafInput { get; }

    /// <summary>[4d, d].</summary>
    internal Parameter LeafHidden { get; }

    internal Parameter LeafInputBias { get; }

    internal Parameter LeafHiddenBias { get; }

    /// <summary>[5d, 2d]: of the left and the right node, the gates input, left forget, right forget, new and output.</summary>
    internal Parameter Cell { get; }

    internal Parameter CellBias { get; }

    /// <summary>[d, d].</summary>
    internal Parameter Hidden { get; }

    internal Parameter HiddenBias { get; }

    /// <summary>[C, d].</summary>
    internal Parameter Output { get; }

    internal Parameter OutputBias { get; }

    /// <summary>Every parameter.</summary>
    internal IReadOnlyList<Parameter> All { get; }

    /// <summary>Logits [B, C] of the roots' h [B, d].</summary>
    /// <param name="dropout">What root and hidden layer are multiplied by [B, 2, d], or null.</param>
    internal Tensor Classify(Tensor root, Tensor? dropout)
    {
        if (dropout is not null)
            root = root * dropout[.., 0];
        var hidden = nn.functional.linear(root, Hidden, HiddenBias).relu();
        if (dropout is not null)
            hidden = hidden * dropout[.., 1];
        return nn.functional.linear(hidden, Output, OutputBias);
    }

    /// <summary>
    /// What entries are multiplied by in training, 0 or 1 / (1 − dropout): those of the noise's numbers from the first one on.
    /// </summary>
    internal void Drop<T>(Noise noise, long first, Span<T> factors) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var kept = T.CreateTruncating(1 / (1 - Dropout));
        for (var i = 0; i < factors.Length; i++)
            factors[i] = noise.Uniform(first + i) < Dropout ? T.Zero : kept;
    }
}
