using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments;

/// <summary>
/// A convolution of stride 1 whose output has the input's size, with a gradient at the input that is a convolution forwards.
/// </summary>
/// <remarks>
/// libtorch's own, which it gets from oneDNN, fills up channels to 16 and multiplies what memory happens to hold there by zero. Where
/// that is NaN, the gradient is NaN: of 3x3 convolutions with fewer than 16 output channels in libtorch 2.10, with 512-bit vectors. The
/// output and the gradient at the weights are its own.
/// </remarks>
internal sealed class SameConvolution : FusedFunction<SameConvolution>
{
    internal static Tensor Apply(Tensor input, Tensor weight, Tensor bias)
    {
        var output = Convolve(input.detach(), weight, bias);
        return IsRecorded(input) ? Record([output, input], [weight], null, output.detach()) : output;
    }

    protected override Tensor?[] Gradients(object? data, List<Tensor> saved, Tensor upstream) =>
        [upstream.alias(), Convolve(upstream, saved[2].transpose(0, 1).flip([2, 3]), null)];

    protected override Tensor?[] DifferentiableGradients(object? data, List<Tensor> saved, Tensor upstream) =>
        Gradients(data, saved, upstream);

    private static Tensor Convolve(Tensor input, Tensor weight, Tensor? bias) =>
        nn.functional.conv2d(input, weight, bias, padding: [weight.size(2) / 2, weight.size(3) / 2]);
}
