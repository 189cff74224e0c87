using System.Numerics;
using System.Runtime.CompilerServices;

namespace DiscreteGradients;

/// <summary>Validation at the public edges: what was expected, what came, what to do. Shape, dtype and device only, so it is free.</summary>
internal static class Check
{
    /// <summary>
    /// Where a tensor is made before one came in, so that TorchSharp may still have to load libtorch. Its own failure is a trace of what it
    /// tried, seventy lines that do not say why; it is left out.
    /// </summary>
    internal static void Libtorch()
    {
        try
        {
            RuntimeHelpers.RunClassConstructor(typeof(torch).TypeHandle);
        }
        catch (TypeInitializationException)
        {
            var system = OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";
            throw new NotSupportedException(
                "TorchSharp needs the native libtorch, but found none that loads; "
                + $"reference the package libtorch-cpu-{system}, version 2.10.0.");
        }
    }

    internal static void Logits(Tensor logits, string expected, int minimumRank)
    {
        ArgumentNullException.ThrowIfNull(logits);
        if (logits.IsInvalid)
            throw new ArgumentException("logits were disposed before the call; move them out of their dispose scope.", nameof(logits));
        if (logits.dtype is not (ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64))
            throw new ArgumentException($"logits must be float16, bfloat16, float32 or float64; got {logits.dtype}.", nameof(logits));
        if (logits.dim() < minimumRank || logits.size(-1) < 1)
            throw new ArgumentException($"logits must have shape {expected} with at least one category; got {Shape(logits)}.", nameof(logits));
    }

    internal static void Categories(GradientEstimator estimator, Tensor logits)
    {
        if (estimator is IBinaryEstimator && logits.size(-1) != 2)
        {
            throw new ArgumentException(
                $"{estimator.GetType().Name} needs 2 categories a latent; logits of shape {Shape(logits)} have {logits.size(-1)}. "
                + "Choose an estimator for any number of categories, such as Rloo.", nameof(logits));
        }
    }

    internal static void Axis(long dim, Tensor logits)
    {
        if (dim < -logits.dim() || dim >= logits.dim())
            throw new ArgumentException($"dim must be an axis of logits of shape {Shape(logits)}; got {dim}.", nameof(dim));
        if (logits.shape[(int)(dim < 0 ? dim + logits.dim() : dim)] < 1)
            throw new ArgumentException($"logits must have at least one category on axis {dim}; got {Shape(logits)}.", nameof(logits));
    }

    internal static void Mask(Tensor? mask, Tensor logits)
    {
        if (mask is null)
            return;
        if (mask.dtype != ScalarType.Bool)
            throw new ArgumentException($"mask must be Boolean, true where a category may be chosen; got {mask.dtype}.", nameof(mask));
        if (!Broadcasts(mask.shape, logits.shape))
            throw new ArgumentException($"mask must broadcast to the logits' shape {Shape(logits)}; got {Shape(mask)}.", nameof(mask));
        SameDevice(mask, logits, nameof(mask));
    }

    internal static void Hard(Tensor hard, Tensor logits)
    {
        ArgumentNullException.ThrowIfNull(hard);
        if (!hard.shape.SequenceEqual(logits.shape) || hard.dtype != logits.dtype)
        {
            throw new ArgumentException(
                $"hard must be one-hot with the logits' shape {Shape(logits)} and dtype {logits.dtype}; got {Shape(hard)}, {hard.dtype}.",
                nameof(hard));
        }

        SameDevice(hard, logits, nameof(hard));
    }

    internal static void Generator(Generator? generator, Tensor logits)
    {
        if (generator is not null && (generator.device.type != logits.device.type))
        {
            throw new ArgumentException(
                $"generator must be on the logits' device {logits.device.type}; got {generator.device.type}.", nameof(generator));
        }
    }

    /// <summary>The commonest mistake: f must return one value per example and sample.</summary>
    internal static Tensor Values(Tensor? values, long[] points, string f = "f")
    {
        if (values is null)
            throw new ArgumentException("f returned null; it must return one value per sample and example, [S.., B..].", nameof(f));
        if (!values.is_floating_point() || !values.shape.AsSpan().SequenceEqual(points.AsSpan()[..^2]))
        {
            throw new ArgumentException(
                $"f must map {Shape(points)} to floating-point values of shape {Shape(points[..^2])}; got {values.dtype} of shape {Shape(values)}. "
                + "Reduce over the last two axes (latents, categories) only.", nameof(f));
        }

        return values;
    }

    /// <summary>The gradient of f, which is null where what f returned does not depend on its argument differentiably.</summary>
    internal static Tensor Differentiable(Tensor? slope, string estimator, string f = "f") =>
        slope is { IsInvalid: false }
            ? slope
            : throw new ArgumentException(
                $"{estimator} needs the gradient of f, but what f returned does not depend on its argument differentiably; "
                + "use an estimator that needs values only, such as rloo.", nameof(f));

    internal static double Temperature(double temperature)
    {
        if (!double.IsFinite(temperature) || temperature <= 0)
            throw new ArgumentException($"temperature must be a finite number above 0; got {temperature}.", nameof(temperature));
        return temperature is >= Precision.LeastTemperature and <= Precision.LargestTemperature
            ? temperature
            : throw new ArgumentException($"temperature must be from 1e-30 to 1e30; got {temperature}.", nameof(temperature));
    }

    internal static double Decay(double decay) =>
        decay is >= 0 and < 1
            ? decay
            : throw new ArgumentException($"decay must be at least 0 and below 1; got {decay}.", nameof(decay));

    internal static T AtLeast<T>(T minimum, T value, [CallerArgumentExpression(nameof(value))] string name = "") where T : INumber<T> =>
        value >= minimum
            ? value
            : throw new ArgumentException($"{char.ToLowerInvariant(name[0])}{name[1..]} must be at least {minimum}; got {value}.", name);

    internal static int Between(int minimum, int maximum, int value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value >= minimum && value <= maximum
            ? value
            : throw new ArgumentException($"{char.ToLowerInvariant(name[0])}{name[1..]} must be from {minimum} to {maximum}; got {value}.", name);

    internal static int Pairs(int value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value >= 2 && value % 2 == 0
            ? value
            : throw new ArgumentException($"{char.ToLowerInvariant(name[0])}{name[1..]} must be an even number of at least 2; got {value}.", name);

    internal static string Shape(Tensor tensor) => Shape(tensor.shape);

    internal static string Shape(long[] shape) => $"[{string.Join(", ", shape)}]";

    private static void SameDevice(Tensor tensor, Tensor logits, string name)
    {
        if (tensor.device.type != logits.device.type || tensor.device.index != logits.device.index)
            throw new ArgumentException($"{name} must be on the logits' device {logits.device}; got {tensor.device}.", name);
    }

    private static bool Broadcasts(ReadOnlySpan<long> shape, ReadOnlySpan<long> target)
    {
        if (shape.Length > target.Length)
            return false;
        for (var i = 1; i <= shape.Length; i++)
        {
            if (shape[^i] != 1 && shape[^i] != target[^i])
                return false;
        }

        return true;
    }
}
