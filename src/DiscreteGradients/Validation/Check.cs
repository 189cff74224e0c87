using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DiscreteGradients;

/// <summary>
/// Validation at the public edges: what was expected, what came, what to do. Shape, dtype and device only, so it is free, but for
/// <see cref="Largest"/>, which looks at the values.
/// </summary>
internal static class Check
{
    /// <summary>Elements below which memory is taken to be there.</summary>
    private const double WorthTrying = 1 << 28;

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
        Numbers(logits);
        if (logits.dim() < minimumRank || logits.size(-1) < 1)
        {
            throw new ArgumentException(
                $"logits must have shape {expected} with at least one category; got {Shape(logits)}.", nameof(logits));
        }

        if (logits.size(-1) > Array.MaxLength)
            throw new ArgumentException($"logits must have at most {Array.MaxLength} categories; got {logits.size(-1)}.", nameof(logits));
    }

    /// <summary>What a sample is drawn from.</summary>
    internal static void Logits(Tensor logits, Tensor? mask, Generator? generator)
    {
        Logits(logits, "[..., categories]", minimumRank: 1);
        Mask(mask, logits);
        Generator(generator, logits);
    }

    /// <summary>Logits of any shape.</summary>
    internal static void Numbers(Tensor logits)
    {
        if (logits is { IsInvalid: true })
            throw new ArgumentException("logits were disposed before the call; move them out of their dispose scope.", nameof(logits));
        Usable(logits);
        if (logits.dtype is not (ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64))
            throw new ArgumentException($"logits must be float16, bfloat16, float32 or float64; got {logits.dtype}.", nameof(logits));
    }

    /// <summary>
    /// The largest logit of every row [.., 1]. It is not finite where the row cannot be a distribution; that is refused, with the row's
    /// number in the order of [.., K].
    /// </summary>
    internal static Tensor Largest(Tensor logits)
    {
        using var _ = no_grad();
        var largest = logits.amax([-1], keepdim: true);
        return largest.isfinite().all().item<bool>() ? largest : throw FirstRefused(logits, largest);
    }

    /// <summary>The logits themselves, when every row can be a distribution.</summary>
    internal static Tensor Rows(Tensor logits)
    {
        using var largest = Largest(logits);
        return logits;
    }

    /// <summary>
    /// The error of a row that is fully masked or holds NaN or +∞, the same wherever values are looked at, from its number in the order of
    /// [.., K] and its largest logit, which is NaN if it holds NaN and no +∞.
    /// </summary>
    internal static ArgumentException Row(long row, double largest, string logits = "logits") => new(
        double.IsNegativeInfinity(largest)
            ? $"logits row {row} is fully masked; every row needs a category with a finite logit."
            : $"logits row {row} holds {(double.IsNaN(largest) ? "NaN" : "Infinity")}; logits must be finite, or −∞ to mask a category.",
        logits);

    /// <summary>An argument that is there.</summary>
    internal static void Given([NotNull] object? value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value is null)
            throw new ArgumentNullException(name, $"{name} must be given; got null.");
    }

    /// <summary>A tensor whose numbers can be read.</summary>
    internal static void Usable([NotNull] Tensor? tensor, [CallerArgumentExpression(nameof(tensor))] string name = "")
    {
        Given(tensor, name);
        if (tensor.IsInvalid)
            throw new ArgumentException($"{name} was disposed before the call; move it out of its dispose scope.", name);
        if (tensor.is_sparse || tensor.is_meta)
        {
            var what = tensor.is_meta ? "one on the meta device, which has none" : "a sparse one";
            throw new ArgumentException($"{name} must be a dense tensor with values; got {what}.", name);
        }
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
        Usable(mask);
        if (mask.dtype != ScalarType.Bool)
            throw new ArgumentException($"mask must be Boolean, true where a category may be chosen; got {mask.dtype}.", nameof(mask));
        if (!Broadcasts(mask.shape, logits.shape))
            throw new ArgumentException($"mask must broadcast to the logits' shape {Shape(logits)}; got {Shape(mask)}.", nameof(mask));
        SameDevice(mask, logits, nameof(mask));
    }

    internal static void Hard(Tensor hard, Tensor logits)
    {
        Usable(hard);
        if (!hard.shape.SequenceEqual(logits.shape) || hard.dtype != logits.dtype)
        {
            throw new ArgumentException(
                $"hard must be one-hot with the logits' shape {Shape(logits)} and dtype {logits.dtype}; got {Shape(hard)}, {hard.dtype}.",
                nameof(hard));
        }

        SameDevice(hard, logits, nameof(hard));
    }

    /// <summary>Category indices. Their values are looked at: one out of range would make libtorch fail.</summary>
    internal static void Indices(Tensor index, long categories)
    {
        Usable(index);
        if (index.dtype != ScalarType.Int64)
            throw new ArgumentException($"index must be Int64; got {index.dtype}.", nameof(index));
        if (index.numel() == 0)
            return;
        using var scope = NewDisposeScope();
        var (lowest, highest) = (index.min().item<long>(), index.max().item<long>());
        if (lowest < 0 || highest >= categories)
        {
            throw new ArgumentException(
                $"index must hold categories from 0 to {categories - 1}; got {(lowest < 0 ? lowest : highest)}.", nameof(index));
        }
    }

    /// <summary>What noise can be drawn for.</summary>
    internal static void Like(Tensor like)
    {
        Usable(like);
        if (like.dtype is not (ScalarType.Float32 or ScalarType.Float64) || like.dim() < 1 || like.size(-1) < 1)
        {
            throw new ArgumentException(
                "like must be float32 or float64 with shape [..., categories] and at least one category; got "
                + $"{like.dtype} of shape {Shape(like)}.",
                nameof(like));
        }
    }

    /// <summary>One-hot samples [S.., .., K] for logits [.., K].</summary>
    internal static void Samples(Tensor hard, Tensor logits)
    {
        Usable(hard);
        if (hard.dtype != logits.dtype || hard.dim() < logits.dim()
            || !hard.shape.AsSpan()[^(int)logits.dim()..].SequenceEqual(logits.shape))
        {
            throw new ArgumentException(
                $"hard must be one-hot samples whose shape ends in the logits' shape {Shape(logits)} and of dtype {logits.dtype}; "
                + $"got {Shape(hard)}, {hard.dtype}.", nameof(hard));
        }

        SameDevice(hard, logits, nameof(hard));
    }

    /// <summary>A gradient that was computed by hand.</summary>
    internal static void Gradient(Tensor gradient, Tensor logits)
    {
        Usable(gradient);
        if (!gradient.is_floating_point() || !gradient.shape.AsSpan().SequenceEqual(logits.shape))
        {
            throw new ArgumentException(
                $"gradient must be floating-point and have the logits' shape {Shape(logits)}; got {Shape(gradient)}, {gradient.dtype}.",
                nameof(gradient));
        }

        SameDevice(gradient, logits, nameof(gradient));
    }

    /// <summary>A generator that was disposed of would be the default one, silently.</summary>
    internal static void Generator(Generator? generator)
    {
        if (generator is { Handle: 0 })
        {
            throw new ArgumentException(
                "generator was disposed before the call; keep it until the last call that uses it.", nameof(generator));
        }
    }

    internal static void Generator(Generator? generator, Tensor logits)
    {
        Generator(generator);
        if (generator is not null && (generator.device.type != logits.device.type))
        {
            throw new ArgumentException(
                $"generator must be on the logits' device {logits.device.type}; got {generator.device.type}.", nameof(generator));
        }
    }

    /// <summary>The commonest mistake: f must return one value per example and sample.</summary>
    internal static Tensor Values(Tensor? values, long[] points, Device device, string f = "f")
    {
        if (values is null)
            throw new ArgumentException("f returned null; it must return one value per sample and example, [S.., B..].", nameof(f));
        if (values.IsInvalid)
        {
            throw new ArgumentException(
                "f returned a tensor that is disposed; return it from f's dispose scope with MoveToOuterDisposeScope.", nameof(f));
        }

        if (!values.is_floating_point() || !values.shape.AsSpan().SequenceEqual(points.AsSpan()[..^2]))
        {
            throw new ArgumentException(
                $"f must map {Shape(points)} to floating-point values of shape {Shape(points[..^2])}; "
                + $"got {values.dtype} of shape {Shape(values)}. Reduce over the last two axes (latents, categories) only.", nameof(f));
        }

        if (values.device_type != device.type)
            throw new ArgumentException($"f must return values on the device of its argument, {device}; got {values.device}.", nameof(f));
        return values;
    }

    /// <summary>The gradient of f, which is null where what f returned does not depend on its argument differentiably.</summary>
    internal static Tensor Differentiable(Tensor? slope, string estimator, string f = "f") =>
        slope is { IsInvalid: false }
            ? slope
            : throw new ArgumentException(
                $"{estimator} needs the gradient of f, but what f returned does not depend on its argument differentiably; "
                + "use an estimator that needs values only, such as rloo.", nameof(f));

    internal static double Temperature(double temperature, string name = "temperature")
    {
        if (!double.IsFinite(temperature) || temperature <= 0)
            throw new ArgumentException($"{name} must be a finite number above 0; got {temperature}.", name);
        return temperature is >= Precision.LeastTemperature and <= Precision.LargestTemperature
            ? temperature
            : throw new ArgumentException($"{name} must be from 1e-30 to 1e30; got {temperature}.", name);
    }

    internal static double Decay(double decay) =>
        decay is >= 0 and < 1
            ? decay
            : throw new ArgumentException($"decay must be at least 0 and below 1; got {decay}.", nameof(decay));

    internal static T AtLeast<T>(T minimum, T value, [CallerArgumentExpression(nameof(value))] string name = "") where T : INumber<T> =>
        value >= minimum
            ? value
            : throw new ArgumentException($"{Written(name)} must be at least {minimum}; got {value}.", name);

    internal static int Between(int minimum, int maximum, int value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value >= minimum && value <= maximum
            ? value
            : throw new ArgumentException($"{Written(name)} must be from {minimum} to {maximum}; got {value}.", name);

    internal static int Pairs(int value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value >= 2 && value % 2 == 0
            ? value
            : throw new ArgumentException($"{Written(name)} must be an even number of at least 2; got {value}.", name);

    private static string Written(string name) => $"{char.ToLowerInvariant(name[0])}{name[1..]}";

    internal static Form Form(Form form) =>
        Enum.IsDefined(form) ? form : throw new ArgumentException($"form must be Automatic, Readable or Fused; got {form}.", nameof(form));

    internal static ScalarType DType(ScalarType dtype) =>
        Enum.IsDefined(dtype) && dtype is not (ScalarType.QInt8 or ScalarType.QUInt8 or ScalarType.QInt32)
            ? dtype
            : throw new ArgumentException($"dtype must be of plain numbers, such as Float32; got {dtype}.", nameof(dtype));

    /// <summary>
    /// Refuses a count of tensors of a shape that memory cannot hold, before libtorch does. What is small is not tried.
    /// </summary>
    internal static void Room(long count, string what, ReadOnlySpan<long> shape, ScalarType dtype, Device? device)
    {
        double elements = count;
        foreach (var size in shape)
            elements *= size;
        if (elements >= WorthTrying && !Fits([count, .. shape], elements * sizeof(double), dtype, device))
        {
            throw new ArgumentException(
                $"{count} {what} of shape {Shape([.. shape])} do not fit into memory; ask for fewer or smaller ones.");
        }
    }

    internal static string Shape(Tensor tensor) => Shape(tensor.shape);

    internal static string Shape(long[] shape) => $"[{string.Join(", ", shape)}]";

    private static bool Fits(long[] shape, double bytes, ScalarType dtype, Device? device)
    {
        if (bytes >= long.MaxValue)
            return false;
        try
        {
            using var room = empty(shape, dtype, device);
            return true;
        }
        catch (ExternalException)
        {
            return false;
        }
    }

    private static ArgumentException FirstRefused(Tensor logits, Tensor largest)
    {
        using var scope = NewDisposeScope();
        var row = largest.flatten().isfinite().logical_not().nonzero()[0].item<long>();
        var infinite = logits.reshape(-1, logits.size(-1))[row].isposinf().any().item<bool>();  // beside a NaN, the largest is NaN
        return Row(row, infinite ? double.PositiveInfinity : largest.flatten()[row].to_type(ScalarType.Float64).item<double>());
    }

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
