using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments;

/// <summary>A linear layer and its activation in one function of autograd, with <see cref="MatrixProduct"/> for all three products.</summary>
/// <remarks>Nothing here throws: an exception that left an autograd function would end the process.</remarks>
internal sealed class FusedLinear : autograd.SingleTensorFunction<FusedLinear>
{
    /// <inheritdoc/>
    public override string Name => "DiscreteGradients.FusedLinear";

    /// <summary>Whether the kernels can take this layer: float32 on the CPU, and large enough.</summary>
    internal static bool Takes(Tensor x, Tensor weight)
    {
        var (rows, inputs, outputs) = (x.numel() / Math.Max(1, x.size(-1)), weight.shape[1], weight.shape[0]);
        return MatrixProduct.IsWorthwhile
            && x.dtype == ScalarType.Float32 && weight.dtype == ScalarType.Float32 && x.device_type == DeviceType.CPU && weight.device_type == DeviceType.CPU
            && MatrixProduct.Takes(rows, outputs) && MatrixProduct.Takes(rows, inputs) && MatrixProduct.Takes(outputs, inputs)
            && Math.Max(rows, outputs) * Math.Max(inputs, outputs) < 1 << 28;  // what spans address
    }

    /// <summary>max(y, slope · y) [.., O] of y = x Wᵀ + b; x [.., I], W [O, I], b [O], slope from 0 to 1.</summary>
    internal static Tensor Apply(Tensor x, Tensor weight, Tensor bias, float slope)
    {
        Memory.ReleaseHandedOver();
        var (input, matrix) = (x.contiguous(), weight.contiguous());
        Tensor output;
        using (no_grad())
            output = Forward(input, matrix, bias, slope);
        return is_grad_enabled() && (x.requires_grad || weight.requires_grad) ? apply(input, matrix, bias, new Result(output, slope)) : output;
    }

    /// <summary>The definition in tensor operations.</summary>
    internal static Tensor Readable(Tensor x, Tensor weight, Tensor bias, float slope)
    {
        var y = nn.functional.linear(x, weight, bias);
        return slope == 1 ? y : slope == 0 ? y.relu_() : nn.functional.leaky_relu(y, slope, inplace: true);
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext context, params object[] inputs)
    {
        var (x, weight, bias, result) = ((Tensor)inputs[0], (Tensor)inputs[1], (Tensor)inputs[2], (Result)inputs[3]);
        context.set_materialize_grads(false);
        context.save_for_backward([x, weight, bias, result.Output]);
        context.save_data(nameof(Result.Slope), result.Slope);
        context.save_data(nameof(x.requires_grad), x.requires_grad);
        return result.Output;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext context, Tensor upstream)
    {
        Memory.ReleaseHandedOver();
        if (upstream.IsInvalid)
            return [null!, null!, null!, null!];

        using (upstream)
        using (NewDisposeScope())
        {
            var saved = context.get_saved_variables();
            var (x, weight, bias, output) = (saved[0], saved[1], saved[2], saved[3]);
            var slope = (float)context.get_data(nameof(Result.Slope));
            var throughInput = (bool)context.get_data(nameof(x.requires_grad));
            if (is_grad_enabled())
            {
                Tensor[] inputs = throughInput ? [x, weight, bias] : [weight, bias];
                var gradients = autograd.grad([Readable(x, weight, bias, slope)], inputs, [upstream], retain_graph: true, create_graph: true);
                return [throughInput ? Memory.HandOver(gradients[0]) : null!, Memory.HandOver(gradients[^2]), Memory.HandOver(gradients[^1]), null!];
            }

            return Backward(x, weight, output, upstream.contiguous(), slope, throughInput);
        }
    }

    private static unsafe Tensor Forward(Tensor x, Tensor weight, Tensor bias, float slope)
    {
        var (inputs, outputs) = ((int)weight.shape[1], (int)weight.shape[0]);
        var output = empty([.. x.shape[..^1], outputs]);
        MatrixProduct.Multiply(
            Memory.Address<float>(x), false, Memory.Address<float>(weight), true, Memory.Address<float>(output),
            (int)(x.numel() / inputs), inputs, outputs, Memory.Address<float>(bias), slope);
        return output;
    }

    private static unsafe List<Tensor> Backward(Tensor x, Tensor weight, Tensor output, Tensor upstream, float slope, bool throughInput)
    {
        var (inputs, outputs) = ((int)weight.shape[1], (int)weight.shape[0]);
        var rows = (int)(x.numel() / inputs);
        var slopes = slope == 1 ? upstream : empty_like(upstream);
        var biases = zeros(outputs);
        var sum = new Span<float>(Memory.Address<float>(biases), outputs);
        for (var row = 0; row < rows; row++)
        {
            var gradient = new Span<float>(Memory.Address<float>(slopes) + ((long)row * outputs), outputs);
            if (slope != 1)
            {
                Rectify(
                    new(Memory.Address<float>(output) + ((long)row * outputs), outputs),
                    new(Memory.Address<float>(upstream) + ((long)row * outputs), outputs), slope, gradient);
            }

            TensorPrimitives.Add(sum, gradient, sum);
        }

        var weights = empty_like(weight);
        MatrixProduct.Multiply(
            Memory.Address<float>(slopes), true, Memory.Address<float>(x), false, Memory.Address<float>(weights), outputs, rows, inputs);
        if (!throughInput)
            return [null!, Memory.HandOver(weights), Memory.HandOver(biases), null!];

        var through = empty_like(x);
        MatrixProduct.Multiply(
            Memory.Address<float>(slopes), false, Memory.Address<float>(weight), false, Memory.Address<float>(through), rows, outputs, inputs);
        return [Memory.HandOver(through), Memory.HandOver(weights), Memory.HandOver(biases), null!];
    }

    /// <summary>The upstream gradient where the layer's output is positive, times the slope elsewhere.</summary>
    private static void Rectify(ReadOnlySpan<float> output, ReadOnlySpan<float> upstream, float slope, Span<float> to)
    {
        var outputs = MemoryMarshal.Cast<float, Vector<float>>(output);
        var gradients = MemoryMarshal.Cast<float, Vector<float>>(upstream);
        var results = MemoryMarshal.Cast<float, Vector<float>>(to);
        var below = new Vector<float>(slope);
        for (var i = 0; i < results.Length; i++)
            results[i] = Vector.ConditionalSelect(Vector.GreaterThan(outputs[i], Vector<float>.Zero), gradients[i], below * gradients[i]);
        for (var i = results.Length * Vector<float>.Count; i < to.Length; i++)
            to[i] = output[i] > 0 ? upstream[i] : slope * upstream[i];
    }

    /// <summary>What forward hands to autograd.</summary>
    private sealed record Result(Tensor Output, float Slope);
}
