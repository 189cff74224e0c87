namespace DiscreteGradients;

internal static class Precision
{
    /// <summary>float16 and bfloat16 are computed in float32: probabilities below 6e-8 do not exist in float16.</summary>
    internal static Tensor AtLeastSingle(Tensor tensor) =>
        tensor.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? tensor.to_type(ScalarType.Float32) : tensor;

    /// <summary>The lowest finite number of a dtype.</summary>
    internal static double Lowest(ScalarType dtype) => dtype == ScalarType.Float64 ? double.MinValue : float.MinValue;

    /// <summary>The smallest temperature: the gradient, with its factor 1/τ, and tempered logits stay inside single precision.</summary>
    internal const double LeastTemperature = 1e-30;

    /// <summary>The largest: a masked category, which holds −3.4e38 in single precision, still has no weight.</summary>
    internal const double LargestTemperature = 1e30;

    /// <summary>The smallest positive normal number of a dtype.</summary>
    internal static double Tiny(ScalarType dtype) => dtype == ScalarType.Float64 ? 2.2250738585072014e-308 : 1.1754943508222875e-38;
}
