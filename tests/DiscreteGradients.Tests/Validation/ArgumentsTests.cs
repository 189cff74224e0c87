using System.Reflection;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

/// <summary>Every public function with every kind of wrong argument: a sentence of our own names it, not libtorch's or .NET's.</summary>
public class ArgumentsTests
{
    private const BindingFlags Public = BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    /// <summary>Every public function that somebody calls; what a record or an interface brings by itself is none.</summary>
    private static readonly MethodInfo[] Functions =
    [
        .. typeof(Estimators).Assembly.GetExportedTypes()
            .Where(type => type is { IsAbstract: true, IsSealed: true })
            .SelectMany(type => type.GetMethods(Public))
            .Where(m => !m.IsSpecialName),
        typeof(GradientEstimator).GetMethod(nameof(GradientEstimator.Estimate))!,
        typeof(PathwiseEstimator).GetMethod(nameof(PathwiseEstimator.Sample))!,
        typeof(PathwiseEstimator).GetMethod(nameof(PathwiseEstimator.Attach))!,
        typeof(AdaptiveEstimator).GetMethod(nameof(AdaptiveEstimator.Prepare))!,
        typeof(EstimatorEntry).GetMethod(nameof(EstimatorEntry.Create))!,
        typeof(Noise).GetMethod(nameof(Noise.Exponential))!,
    ];

    /// <summary>Called with logits [4, 2, K], which must be a distribution in every row.</summary>
    private static readonly Dictionary<string, Func<Tensor, object>> OfLogits = new()
    {
        ["OneHot.Sample"] = logits => OneHot.Sample(logits, generator: Conformance.Seeded()),
        ["OneHot.Sample, several"] = logits => OneHot.Sample(logits, samples: 3),
        ["OneHot.SampleIndex"] = logits => OneHot.SampleIndex(logits, samples: 3),
        ["OneHot.Sample, of noise"] = logits => OneHot.Sample(logits, samples: 3, Noise.Draw(Conformance.Seeded())),
        ["Distribution.LogProbability"] = logits => Distribution.LogProbability(logits, FirstOf(logits)),
        ["Distribution.Entropy"] = Distribution.Entropy,
        ["Distribution.DivergenceFromUniform"] = Distribution.DivergenceFromUniform,
        ["Functional.gumbel_softmax"] = logits => Functional.gumbel_softmax(logits),
        ["Functional.gumbel_softmax, hard"] = logits => Functional.gumbel_softmax(logits, hard: true),
        ["Functional.gumbel_softmax, another axis"] = logits => Functional.gumbel_softmax(logits.movedim([-1], [0]), dim: 0),
        ["Functional.reinmax"] = logits => Functional.reinmax(logits, 1),
        ["GradientQuality.Measure"] = logits => GradientQuality.Measure(new ReinMax(), logits, z => z.sum([-2, -1]), draws: 2),
    };

    /// <summary>They pass values on without looking at them.</summary>
    private static readonly string[] LooksAtNoValues = ["OneHot.FromBernoulli", "Surrogate.Carry"];

    public static TheoryData<string> NamesOfLogits { get; } = [.. OfLogits.Keys];

    public static TheoryData<string> Names { get; } = [.. Functions.Select(Name).Distinct()];

    [Theory]
    [MemberData(nameof(NamesOfLogits))]
    public void A_row_that_no_distribution_has_is_refused_by_its_number(string name)
    {
        Conformance.BadRowsAreRefused(logits => OfLogits[name](logits), name == "GradientQuality.Measure" ? [3] : [1, 2, 3, 40, 3_000]);
        Conformance.TheFirstBadRowIsNamedOnAnyNumberOfThreads(logits => OfLogits[name](logits), 3);
    }

    [Fact]
    public void Every_public_function_of_logits_is_among_them()
    {
        var all = Functions.Where(m => m.IsStatic && m.GetParameters().Any(p => p.Name == "logits")).Select(Name).Distinct();
        Assert.Equal(all.Order(), OfLogits.Keys.Select(key => key.Split(',')[0]).Distinct().Concat(LooksAtNoValues).Order());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_wrong_argument_is_refused_in_a_sentence_of_our_own_that_names_it(string name)
    {
        var tried = 0;
        foreach (var function in Functions.Where(m => Name(m) == name))
        {
            var parameters = function.GetParameters();
            for (var at = 0; at < parameters.Length; at++)
            {
                foreach (var (what, bad) in Wrong(parameters[at]))
                {
                    using var scope = NewDisposeScope();
                    var arguments = parameters.Select(Right).ToArray();
                    arguments[at] = bad();
                    var thrown = Record.Exception(() => Call(function, arguments));
                    var named = parameters[at].Name == "tau" ? "temperature" : parameters[at].Name!;
                    Assert.True(
                        thrown is ArgumentException { Source: nameof(DiscreteGradients) }
                            && thrown.Message.Split('\n').Length == 1 && thrown.Message.Contains(named, StringComparison.Ordinal),
                        $"{name}, {parameters[at].Name} {what}: {thrown?.ToString() ?? "accepted"}");
                    tried++;
                }
            }

            Call(function, [.. parameters.Select(Right)]);  // the right ones are not
        }

        Assert.True(tried > 0);
    }

    [Fact]
    public void A_wrong_setting_of_any_estimator_is_refused_in_a_sentence_that_names_it()
    {
        var tried = 0;
        foreach (var type in Estimators.All.Select(e => e.Default.GetType()).Distinct())
        {
            var constructor = type.GetConstructors().Single();
            var parameters = constructor.GetParameters();
            for (var at = 0; at < parameters.Length; at++)
            {
                var number = Nullable.GetUnderlyingType(parameters[at].ParameterType) ?? parameters[at].ParameterType;
                if (!number.IsPrimitive)
                    continue;
                double[] wrong = number == typeof(double) ? [-1, double.NaN, double.PositiveInfinity] : [0, -1, -5];
                foreach (var bad in wrong)
                {
                    var arguments = parameters.Select(p => p.DefaultValue).ToArray();
                    arguments[at] = Convert.ChangeType(bad, number, null);
                    var thrown = Record.Exception(() => constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, arguments, null));
                    Assert.True(
                        thrown is ArgumentException && thrown.Message.StartsWith(parameters[at].Name!, StringComparison.OrdinalIgnoreCase),
                        $"{type.Name}, {parameters[at].Name} {bad}: {thrown?.ToString() ?? "accepted"}");
                    tried++;
                }
            }
        }

        Assert.True(tried > 50);
    }

    [Fact]
    public void The_sentences_say_what_was_expected_what_came_and_what_to_do()
    {
        using var scope = NewDisposeScope();
        var (logits, mask) = (zeros(2, 3), ones(3) == 1);
        Conformance.Refused("logits must be given; got null.", () => OneHot.Sample(null!));
        Conformance.Refused("f must be given; got null.", () => new Rloo().Estimate(logits, null!));
        Conformance.Refused(
            "mask was disposed before the call; move it out of its dispose scope.", () => OneHot.Sample(logits, Disposed(mask)));
        Conformance.Refused(
            "hard was disposed before the call; move it out of its dispose scope.",
            () => new ReinMax().Attach(logits, Disposed(zeros(2, 3))));
        Conformance.Refused("logits must be a dense tensor with values; got a sparse one.", () => Distribution.Entropy(logits.to_sparse()));
        Conformance.Refused(
            "logits must be a dense tensor with values; got one on the meta device, which has none.",
            () => OneHot.Sample(logits.to(new Device("meta"))));
        Conformance.Refused(
            "generator was disposed before the call; keep it until the last call that uses it.",
            () => OneHot.Sample(logits, generator: Disposed(new Generator(3))));
        Conformance.Refused("index must be Int64; got Int32.", () => OneHot.FromIndex(zeros([2], ScalarType.Int32), 3));
        Conformance.Refused("index must hold categories from 0 to 2; got 3.", () => OneHot.FromIndex(tensor(new long[] { 0, 3, 1 }), 3));
        Conformance.Refused("index must hold categories from 0 to 2; got -1.", () => OneHot.FromIndex(tensor(new long[] { 0, 3, -1 }), 3));
        Conformance.Refused("categories must be at least 1; got 0.", () => OneHot.FromIndex(zeros([2], ScalarType.Int64), 0));
        Conformance.Refused("dtype must be of plain numbers, such as Float32; got 99.", () => OneHot.States(2, 2, (ScalarType)99));
        Conformance.Refused(
            "dtype must be of plain numbers, such as Float32; got QInt8.",
            () => OneHot.FromIndex(zeros([2], ScalarType.Int64), 3, ScalarType.QInt8));
        Conformance.Refused("form must be Automatic, Readable or Fused; got 7.", () => _ = new ReinMax { Form = (Form)7 });
        Conformance.Refused("maximumStates must be at least 1; got 0.", () => _ = new ExactEnumeration(0));
        Conformance.Refused(
            "logits must have at least one latent; got [2, 0, 3].", () => GradientQuality.Measure(new ReinMax(), zeros(2, 0, 3), z => z));
        Conformance.Refused(
            $"logits must have at most {Array.MaxLength} categories; got 3000000000.",
            () => OneHot.Sample(zeros(1, 1).expand(1, 3_000_000_000)));
        Conformance.Refused(
            "like must be float32 or float64 with shape [..., categories] and at least one category; got Float16 of shape [3].",
            () => default(Noise).Exponential(1, zeros([3], ScalarType.Float16)));
        Conformance.Refused(
            "gradient must be floating-point and have the logits' shape [2, 3]; got [3], Float32.",
            () => Surrogate.Carry(logits, zeros(3)));
        Conformance.Refused(
            "1099511627776 latents of shape [3] do not fit into memory; ask for fewer or smaller ones.",
            () => new Relax().Prepare(1L << 40, 3));
        Conformance.Refused("dim must be an axis of logits of shape []; got -1.", () => Functional.gumbel_softmax(zeros([])));
        Conformance.Refused(
            "logits must have at least one category on axis 0; got [0, 5].", () => Functional.gumbel_softmax(zeros(0, 5), dim: 0));
    }

    [Fact]
    public void Samples_whose_shape_would_only_broadcast_have_no_log_probability()
    {
        using var scope = NewDisposeScope();
        var logits = Conformance.Logits([5, 2, 3]);
        foreach (var shape in new long[][] { [2, 3], [1, 2, 3], [5, 1, 3], [5, 2, 1], [4, 2, 3], [5, 5, 1, 3], [3], [] })
        {
            Conformance.Refused(
                "hard must be one-hot samples whose shape ends in the logits' shape [5, 2, 3] and of dtype Float64; "
                + $"got [{string.Join(", ", shape)}], Float64.",
                () => Distribution.LogProbability(logits, zeros(shape, ScalarType.Float64)));
        }

        Assert.Equal([7, 4, 5, 2], Distribution.LogProbability(logits, OneHot.Sample(logits, samples: 28).view(7, 4, 5, 2, 3)).shape);
    }

    [Fact]
    public void A_supplied_sample_that_is_not_one_hot_has_no_log_probability()
    {
        foreach (var dtype in new[] { ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64 })
            Conformance.SamplesThatAreNotOneHotAreRefused((logits, hard) => Distribution.LogProbability(logits, hard), dtype);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void Supplied_samples_are_refused_in_tensor_operations_as_on_spans(ScalarType dtype)
    {
        Conformance.SamplesThatAreNotOneHotAreRefused((_, hard) => HardSample.CheckTensors(hard, null), dtype);
        using var scope = NewDisposeScope();
        var logits = zeros([3, 2], dtype);
        logits[1, 0] = double.NegativeInfinity;
        Conformance.Refused(
            "hard row 1 chooses category 0, which is masked; choose one that can be sampled.",
            () => HardSample.CheckTensors(FirstOf(logits), logits));
    }

    [Theory]
    [MemberData(nameof(NamesOfLogits))]
    public void Without_rows_nothing_is_refused(string name)
    {
        if (name == "GradientQuality.Measure")
        {
            Conformance.Refused("logits must have at least one example; got [0, 2, 3].", () => OfLogits[name](zeros(0, 2, 3)));
            return;
        }

        foreach (var dtype in new[] { ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64 })
        {
            foreach (var shape in new long[][] { [0, 2, 3], [2, 0, 3], [0, 0, 1] })
            {
                using var scope = NewDisposeScope();
                var logits = zeros(shape, dtype);
                var result = OfLogits[name](logits) is ValueTuple<Tensor, Tensor> both ? both.Item1 : (Tensor)OfLogits[name](logits);
                Assert.Equal(0, result.numel());
            }
        }
    }

    [Fact]
    public void Another_axis_without_rows_gives_nothing()
    {
        using var scope = NewDisposeScope();
        foreach (var hard in new[] { false, true })
        {
            var logits = zeros(5, 0).requires_grad_();
            var sample = Functional.gumbel_softmax(logits, hard: hard, dim: 0);
            sample.sum().backward();
            Assert.Equal([5, 0], sample.shape);
            Assert.Equal([5, 0], logits.grad!.shape);
        }

        Assert.Equal([2, 0, 2], OneHot.FromBernoulli(zeros(2, 0)).shape);
    }

    public static TheoryData<string> WithSamples { get; } =
        [.. Estimators.All.Where(e => e.Has("samples") && e.Name != "unordered-set").Select(e => e.Name)];

    [Theory]
    [MemberData(nameof(WithSamples))]
    public void More_samples_than_memory_can_hold_are_refused(string name)
    {
        using var scope = NewDisposeScope();
        var estimator = Estimators.Get(name).Create(new Dictionary<string, object> { ["samples"] = int.MaxValue - 1 });
        var logits = zeros(1, 1, 1).expand(1_000, 100, estimator is IBinaryEstimator ? 2 : 3);
        var thrown = Assert.Throws<ArgumentException>(() => estimator.Estimate(logits, z => z.sum([-2, -1])));

        Assert.Matches(
            @"^\d+ (pairs of )?(samples|draws|joint states) of shape \[[\d, ]+\] do not fit into memory; ask for fewer or smaller ones\.$",
            thrown.Message);
        Assert.True(estimator.Evaluations(100, 3) > 1_000_000_000);
    }

    [Fact]
    public void What_memory_cannot_hold_is_refused()
    {
        using var scope = NewDisposeScope();
        Conformance.Refused(
            "2147483647 samples of shape [100000] do not fit into memory; ask for fewer or smaller ones.",
            () => OneHot.SampleIndex(zeros(1, 1).expand(100_000, 3), int.MaxValue));
        Conformance.Refused(
            "2147483647 joint states of shape [1, 2147483647] do not fit into memory; ask for fewer or smaller ones.",
            () => OneHot.States(1, int.MaxValue));
    }

    private static string Name(MethodInfo function) => $"{function.DeclaringType!.Name}.{function.Name}";

    private static void Call(MethodInfo function, object?[] arguments) =>
        function.Invoke(On(function), BindingFlags.DoNotWrapExceptions, null, arguments, null);

    private static object? On(MethodInfo function) =>
        function.IsStatic ? null
        : function.DeclaringType == typeof(Noise) ? default(Noise)
        : function.DeclaringType == typeof(EstimatorEntry) ? Estimators.Get("rloo")
        : function.DeclaringType == typeof(AdaptiveEstimator) ? new Relax()
        : new ReinMax();

    private static Tensor FirstOf(Tensor logits) =>
        OneHot.FromIndex(zeros(logits.shape[..^1], ScalarType.Int64), logits.shape[^1], logits.dtype);

    private static object? Right(ParameterInfo parameter) => parameter.Name switch
    {
        "logits" or "gradient" or "like" => zeros(4, 2, 3),
        "z" or "hard" when parameter.ParameterType == typeof(Tensor) => FirstOf(zeros(4, 2, 3)),
        "index" => zeros([4, 2], ScalarType.Int64),
        "mask" => ones(3) == 1,
        "samples" or "draws" => 2,
        "noise" => Noise.Draw(Conformance.Seeded()),
        "latents" or "categories" => Convert.ChangeType(3, parameter.ParameterType, null),
        "tau" => 1.0,
        "f" => (Func<Tensor, Tensor>)(z => z.sum([-2, -1])),
        "estimator" => new ReinMax(),
        "name" => parameter.Member.DeclaringType == typeof(Routers) ? "switch" : "rloo",
        "settings" => new Dictionary<string, object>(),
        "setting" => "samples",
        "check" => "f gets one-hot samples",
        "stream" => new MemoryStream(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", "gradients.json"))),
        _ when parameter.HasDefaultValue => parameter.DefaultValue,
        _ => throw new InvalidOperationException($"What is a right {parameter}?"),
    };

    /// <summary>What can be wrong with an argument of that kind.</summary>
    private static IEnumerable<(string What, Func<object?> Bad)> Wrong(ParameterInfo parameter)
    {
        Tensor Other() => (Tensor)(parameter.Name == "mask" ? ones([4, 2, 3], ScalarType.Bool) : Right(parameter))!;
        var type = parameter.ParameterType;
        if (!type.IsValueType && !parameter.HasDefaultValue)
            yield return ("null", () => null);
        if (type == typeof(Tensor))
        {
            yield return ("disposed", () => Disposed(Other()));
            yield return ("sparse", () => Other().to_sparse());
            yield return ("without values", () => Other().to(new Device("meta")));
            yield return ("complex", () => Other().to_type(ScalarType.ComplexFloat32));
            yield return ("of another dtype", () => Other().to_type(parameter.Name == "index" ? ScalarType.Int32 : ScalarType.Int16));
            if (parameter.Name is "logits" or "like" or "hard" or "z" or "gradient")
                yield return ("of no axis", () => zeros([], Other().dtype));
            if (parameter.Name is "hard" or "z" or "gradient")
                yield return ("with one category", () => Other().narrow(-1, 0, 1));
            if (parameter.Name is "hard" or "z" or "gradient" or "mask")
                yield return ("with more categories", () => zeros([4, 2, 7], Other().dtype));
            if (parameter.Name is "hard" or "gradient" or "mask" && parameter.Member.Name != nameof(Distribution.LogProbability))
                yield return ("with another axis", () => Other().expand([7, .. Other().shape]));
            if (parameter.Name is not "index" and not "mask" && parameter.Member.Name != nameof(OneHot.FromBernoulli))
                yield return ("with no category", () => Other().narrow(-1, 0, 0));
            if (parameter.Name == "index")
                yield return ("out of range", () => Other() + 3);
        }
        else if (type == typeof(Generator))
        {
            yield return ("disposed", () => Disposed(new Generator(1)));
        }
        else if (type == typeof(int) || type == typeof(long))
        {
            foreach (var value in parameter.Name == "dim" ? [3, -4, long.MinValue, long.MaxValue] : new long[] { 0, -1, int.MinValue })
                yield return ($"{value}", () => Convert.ChangeType(value, type, null));
            if (parameter.Name is "samples" || (parameter.Name == "draws" && parameter.Member.DeclaringType == typeof(Noise)))
                yield return ("absurd", () => int.MaxValue);
        }
        else if (type == typeof(double))
        {
            foreach (var value in new[] { 0, -1, double.NaN, double.PositiveInfinity })
                yield return ($"{value}", () => value);
        }
        else if (type == typeof(ScalarType))
        {
            yield return ("none", () => (ScalarType)99);
        }
        else if (parameter.Name == "name")
        {
            yield return ("unknown", () => "name");
        }
    }

    private static T Disposed<T>(T thing) where T : IDisposable
    {
        thing.Dispose();
        return thing;
    }
}
