using System.Numerics;
using System.Numerics.Tensors;

namespace DiscreteGradients.Fused;

/// <summary>
/// What a token gets of its experts, Σ w o over its rows: weights [T, N] and the experts' outputs [rows, W] → [T, W]. One pass back
/// gives the outputs their gradient w u and the weights theirs, ⟨u, o⟩.
/// </summary>
/// <remarks>
/// Hidden rows add nothing; only the weights get their gradient. Idle inputs are those of experts without a row: they get a zero gradient.
/// </remarks>
internal sealed class CombinedRows : FusedFunction<CombinedRows>
{
    /// <summary>What the way back needs: how many inputs there are, and how many of them, after the weights, hold visible rows.</summary>
    private sealed record Plan(Grouping Visible, Grouping? Hidden, int Outputs, int Inputs);

    /// <summary>The combination, of as many rows as the grouping has tokens.</summary>
    /// <param name="weights">[T, N].</param>
    /// <param name="visible">The rows that add to the output.</param>
    /// <param name="hidden">The others, if their inner products are wanted.</param>
    /// <param name="width">W.</param>
    /// <param name="outputs">Of the visible rows, those of each expert in a tensor [rows, W].</param>
    /// <param name="hiddenOutputs">Of the hidden rows, without a graph.</param>
    /// <param name="idle">Parameters of experts without a row.</param>
    internal static Tensor Of(
        Tensor weights, Grouping visible, Grouping? hidden, long width, List<Tensor> outputs, List<Tensor> hiddenOutputs, List<Tensor> idle)
    {
        Tensor[] inputs = [weights, .. outputs, .. idle];
        var plan = new Plan(visible, hidden, outputs.Count, inputs.Length);
        if (!FusedSample.Takes(weights))
            return Readable(plan, width, inputs, hiddenOutputs);
        using var scope = NewDisposeScope();
        for (var i = 0; i <= outputs.Count; i++)
            inputs[i] = inputs[i].contiguous();
        var result = empty([plan.Visible.Tokens, width], weights.dtype);
        if (weights.dtype == ScalarType.Float64)
            Forward<double>(inputs, plan, result);
        else
            Forward<float>(inputs, plan, result);
        return Record(inputs, [.. hiddenOutputs.Select(output => output.contiguous())], plan, result).MoveToOuterDisposeScope();
    }

    /// <summary>The definition in tensor operations.</summary>
    private static Tensor Readable(Plan plan, long width, Tensor[] inputs, List<Tensor> hidden)
    {
        var (weights, outputs) = (inputs[0], inputs[1..(1 + plan.Outputs)]);
        var result = zeros([plan.Visible.Tokens, width], weights.dtype, weights.device);
        var flat = weights.reshape(-1);
        if (outputs.Length > 0)
            result = Added(result, plan.Visible, flat, outputs);
        if (hidden.Count > 0)
            result = Added(result, plan.Hidden!, flat - flat.detach(), hidden);
        return inputs[(1 + plan.Outputs)..].Aggregate(result, (sum, idle) => sum + idle.reshape(-1).narrow(0, 0, 0).sum());
    }

    /// <inheritdoc/>
    protected override Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream)
    {
        var plan = (Plan)data!;
        var gradients = new Tensor?[plan.Inputs];
        gradients[0] = zeros_like(saved[0]);
        for (var i = 1; i < plan.Inputs; i++)
            gradients[i] = i <= plan.Outputs ? empty_like(saved[i]) : zeros_like(saved[i]);
        if (upstream.numel() == 0)
            return gradients;
        if (upstream.dtype == ScalarType.Float64)
            Backward<double>(plan, saved, Memory.Contiguous(upstream), gradients);
        else
            Backward<float>(plan, saved, Memory.Contiguous(upstream), gradients);
        return gradients;
    }

    /// <inheritdoc/>
    protected override Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream)
    {
        var plan = (Plan)data!;
        Tensor[] aliases = [.. saved.Take(plan.Inputs).Select(tensor => tensor.alias())];
        return Derivatives.Differentiable(Readable(plan, upstream.shape[1], aliases, saved[plan.Inputs..]), aliases, upstream);
    }

    private static Tensor Added(Tensor sum, Grouping grouping, Tensor flat, IEnumerable<Tensor> outputs)
    {
        var weighed = cat([.. outputs]) * flat.index_select(0, grouping.Places64(flat.device)).unsqueeze(-1);
        return sum.index_add(0, grouping.Tokens64(flat.device), weighed, 1);
    }

    private static unsafe void Forward<T>(Tensor[] inputs, Plan plan, Tensor result) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (result.numel() == 0)
            return;
        var (grouping, width) = (plan.Visible, (int)result.shape[1]);
        var outputs = Addresses(inputs.AsSpan(1, plan.Outputs), grouping.Length, width * sizeof(T));
        var w = inputs[0].numel() == 0 ? null : Memory.Address<T>(inputs[0]);
        var to = Memory.Address<T>(result);
        Blocks.For(grouping.Tokens, width, (first, count) =>
        {
            for (var token = first; token < first + count; token++)
            {
                var sum = Memory.Row(to, token, width);
                var (start, end) = (grouping.Starts[token], grouping.Starts[token + 1]);
                if (start == end)
                    sum.Clear();
                for (var i = start; i < end; i++)
                {
                    var row = grouping.Rows[i];
                    var output = new ReadOnlySpan<T>((T*)outputs[row], width);
                    if (i == start)
                        TensorPrimitives.Multiply(output, w[grouping.Place[row]], sum);
                    else
                        TensorPrimitives.MultiplyAdd(output, w[grouping.Place[row]], sum, sum);
                }
            }
        });
    }

    private static unsafe void Backward<T>(Plan plan, List<Tensor> saved, Tensor upstream, Tensor?[] gradients)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (visible, width) = (plan.Visible, (int)upstream.shape[1]);
        var all = saved.ToArray().AsSpan();
        var outputs = Addresses(all.Slice(1, plan.Outputs), visible.Length, width * sizeof(T));
        var slopes = Addresses(gradients.AsSpan(1, plan.Outputs)!, visible.Length, width * sizeof(T));
        if (saved[0].numel() == 0)
            return;
        var w = Memory.Address<T>(saved[0]);
        var u = Memory.Address<T>(upstream);
        var dw = Memory.Address<T>(gradients[0]!);
        Blocks.For(visible.Length, width, (first, count) =>
        {
            for (var row = first; row < first + count; row++)
            {
                ReadOnlySpan<T> slope = Memory.Row(u, visible.Token[row], width);
                var place = visible.Place[row];
                dw[place] = TensorPrimitives.Dot(slope, new ReadOnlySpan<T>((T*)outputs[row], width));
                TensorPrimitives.Multiply(slope, w[place], new Span<T>((T*)slopes[row], width));
            }
        });
        if (plan.Hidden is not { } hidden)
            return;
        var others = Addresses(all[plan.Inputs..], hidden.Length, width * sizeof(T));
        Blocks.For(hidden.Length, width, (first, count) =>
        {
            for (var row = first; row < first + count; row++)
            {
                ReadOnlySpan<T> slope = Memory.Row(u, hidden.Token[row], width);
                dw[hidden.Place[row]] = TensorPrimitives.Dot(slope, new ReadOnlySpan<T>((T*)others[row], width));
            }
        });
    }

    /// <summary>Where each row begins that the tensors hold one after the other.</summary>
    private static unsafe nint[] Addresses(ReadOnlySpan<Tensor> tensors, int rows, int bytes)
    {
        var (addresses, row) = (new nint[rows], 0);
        foreach (var tensor in tensors)
        {
            var start = (nint)Memory.Address<byte>(tensor);
            for (var count = tensor.shape[0]; count > 0; count--, start += bytes)
                addresses[row++] = start;
        }

        return addresses;
    }
}
