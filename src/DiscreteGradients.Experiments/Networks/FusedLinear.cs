using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments;

/// <summary>A linear layer and its activation as one function of autograd: <see cref="MatrixProduct"/> for all three products.</summary>
internal sealed class FusedLinear : FusedFunction<FusedLinear>
{
    /// <summary>max(y, slope · y) of y = x Wᵀ + b, by the kernels where they are faster.</summary>
    internal static Tensor Compute(Tensor x, Tensor weight, Tensor bias, float slope) =>
        Takes(x, weight) ? Apply(x, weight, bias, slope) : Readable(x, weight, bias, slope);

    /// <summary>Whether the kernels can take this layer: float32 on the CPU, and large enough.</summary>
    internal static bool Takes(Tensor x, Tensor weight)
    {
        var (rows, inputs, outputs) = (x.numel() / Math.Max(1, x.size(-1)), weight.shape[1], weight.shape[0]);
        return MatrixProduct.IsWorthwhile
            && x.dtype == ScalarType.Float32 && weight.dtype == ScalarType.Float32
            && x.device_type == DeviceType.CPU && weight.device_type == DeviceType.CPU
            && MatrixProduct.Takes(rows, outputs) && MatrixProduct.Takes(rows, inputs) && MatrixProduct.Takes(outputs, inputs)
            && Math.Max(rows, outputs) * Math.Max(inputs, outputs) < 1 << 28;  // what spans address
    }

    /// <summary>max(y, slope · y) [.., O] of y = x Wᵀ + b; x [.., I], W [O, I], b [O], slope from 0 to 1.</summary>
    internal static Tensor Apply(Tensor x, Tensor weight, Tensor bias, float slope)
    {
        var (input, matrix) = (x.contiguous(), weight.contiguous());
        Tensor output;
        using (no_grad())
            output = Forward(input, matrix, bias, slope);
        return Record([input, matrix, bias], [output], slope, output);
    }

    /// <summary>The definition in tensor operations.</summary>
    internal static Tensor Readable(Tensor x, Tensor weight, Tensor bias, float slope)
    {
        var y = nn.functional.linear(x, weight, bias);
        return slope == 1 ? y : slope == 0 ? y.relu_() : nn.functional.leaky_relu(y, slope, inplace: true);
    }

    protected override Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream) =>
        Backward(saved[0], saved[1], saved[3], upstream.contiguous(), (float)data!);

    protected override Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream)
    {
        Tensor[] inputs = [saved[0].alias(), saved[1].alias(), saved[2].alias()];
        return Derivatives.Differentiable(Readable(inputs[0], inputs[1], inputs[2], (float)data!), inputs, upstream);
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

    private static unsafe Tensor?[] Backward(Tensor x, Tensor weight, Tensor output, Tensor upstream, float slope)
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
        if (!x.requires_grad)
            return [null, weights, biases];

        var through = empty_like(x);
        MatrixProduct.Multiply(
            Memory.Address<float>(slopes), false, Memory.Address<float>(weight), false,
            Memory.Address<float>(through), rows, outputs, inputs);
        return [through, weights, biases];
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
}
