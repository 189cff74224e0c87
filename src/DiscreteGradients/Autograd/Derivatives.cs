namespace DiscreteGradients;

/// <summary>
/// Derivatives of what a user's function computed. TorchSharp's <c>autograd.grad</c> lets an error inside libtorch end the process, while
/// its <c>autograd.backward</c> throws it; so the gradients are taken with that.
/// </summary>
internal static class Derivatives
{
    /// <summary>
    /// The gradients of Σ <paramref name="output"/> at the <paramref name="inputs"/>, null where it does not depend on one or the input
    /// wants none. The graph stays.
    /// </summary>
    /// <param name="output">Any floating-point tensor.</param>
    /// <param name="inputs">Tensors of the caller's own, which nobody asks for their <c>grad</c>.</param>
    /// <param name="upstream">What takes the place of ones, of the output's shape.</param>
    internal static Tensor?[] Of(Tensor output, Tensor[] inputs, Tensor? upstream = null)
    {
        var wanted = Array.FindAll(inputs, input => input.requires_grad);
        if (!output.requires_grad || wanted.Length == 0)
            return new Tensor?[inputs.Length];

        autograd.backward([output], [upstream ?? ones_like(output)], retain_graph: true, inputs: wanted);
        return Array.ConvertAll(inputs, input => input.requires_grad ? Taken(input) : null);
    }

    /// <summary>The same as functions that can be differentiated again.</summary>
    /// <remarks>
    /// Only <c>autograd.grad</c> gives these without a warning and a reference cycle. So the graph is tried first: what passes once passes
    /// again.
    /// </remarks>
    internal static Tensor?[] Differentiable(Tensor output, Tensor[] inputs, Tensor? upstream = null)
    {
        var found = Of(output, inputs, upstream);
        var reached = Array.FindAll([.. Enumerable.Range(0, inputs.Length)], i => found[i] is not null);
        if (reached.Length == 0)
            return found;

#pragma warning disable RS0030 // Of(…) above is the guard: it has walked the same graph.
        var gradients = autograd.grad(
            [output], Array.ConvertAll(reached, i => inputs[i]), [upstream ?? ones_like(output)], retain_graph: true, create_graph: true);
#pragma warning restore RS0030
        foreach (var (at, i) in reached.Index())
            found[i] = gradients[at];
        return found;
    }

    private static Tensor? Taken(Tensor input)
    {
        var gradient = input.grad;
        input.grad = null;
        return gradient;
    }
}
