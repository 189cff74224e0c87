using System.Reflection;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

/// <summary>Every public function with every kind of wrong argument: an error of our own that names the argument, never libtorch's or .NET's.</summary>
public class ArgumentsTests
{
    private const BindingFlags Public = BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    /// <summary>Every public function that somebody calls; what a record or an interface brings by itself is none.</summary>
    private static readonly MethodInfo[] Functions =
    [
        .. typeof(Estimators).Assembly.GetExportedTypes()
            .Where(type => type is { IsAbstract: true, IsSealed: true }).SelectMany(type => type.GetMethods(Public)).Where(m => !m.IsSpecialName),
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
        ["OneHot.LogProbability"] = logits => OneHot.LogProbability(logits, zeros_like(logits)),
        ["Distribution.LogProbability"] = logits => Distribution.LogProbability(logits, FirstOf(logits)),
        ["Distribution.Entropy"] = Distribution.Entropy,
        ["Distribution.DivergenceFromUniform"] = Distribution.DivergenceFromUniform,
        ["functional.gumbel_softmax"] = logits => functional.gumbel_softmax(logits),
        ["functional.gumbel_softmax, hard"] = logits => functional.gumbel_softmax(logits, hard: true),
        ["functional.gumbel_softmax, another axis"] = logits => functional.gumbel_softmax(logits.movedim([-1], [0]), dim: 0),
        ["functional.reinmax"] = logits => functional.reinmax(logits, 1),
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
                    var thrown = Record.Exception(() => function.Invoke(On(function), BindingFlags.DoNotWrapExceptions, null, arguments, null));
                    Assert.True(
                        thrown is ArgumentException { Source: nameof(DiscreteGradients) } && thrown.Message.Split('\n').Length == 1
                            && thrown.Message.Contains(parameters[at].Name == "tau" ? "temperature" : parameters[at].Name!, StringComparison.Ordinal),
                        $"{name}, {parameters[at].Name} {what}: {thrown?.ToString() ?? "accepted"}");
                    tried++;
                }
            }

            function.Invoke(On(function), BindingFlags.DoNotWrapExceptions, null, [.. parameters.Select(Right)], null);  // the right ones are
        }

        Assert.True(tried > 0);
    }

    private static string Name(MethodInfo function) => $"{function.DeclaringType!.Name}.{function.Name}";

    private static object? On(MethodInfo function) =>
        function.IsStatic ? null
        : function.DeclaringType == typeof(Noise) ? default(Noise)
        : function.DeclaringType == typeof(EstimatorEntry) ? Estimators.Get("rloo")
        : function.DeclaringType == typeof(AdaptiveEstimator) ? new Relax()
        : new ReinMax();

    private static Tensor FirstOf(Tensor logits) => OneHot.FromIndex(zeros(logits.shape[..^1], ScalarType.Int64), logits.shape[^1], logits.dtype);

    private static object? Right(ParameterInfo parameter) => parameter.Name switch
    {
        "logits" or "gradient" or "like" => zeros(4, 2, 3),
        "z" or "hard" when parameter.ParameterType == typeof(Tensor) => FirstOf(zeros(4, 2, 3)),
        "index" => zeros([4, 2], ScalarType.Int64),
        "mask" => ones(3) == 1,
        "samples" or "draws" => 2,
        "latents" or "categories" => Convert.ChangeType(3, parameter.ParameterType, null),
        "tau" => 1.0,
        "f" => (Func<Tensor, Tensor>)(z => z.sum([-2, -1])),
        "estimator" => new ReinMax(),
        "name" => "rloo",
        "settings" => EstimatorSettings.Default,
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
            if (parameter.Name is "hard" or "gradient" or "mask")
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
