using System.Reflection;
using DiscreteGradients.Diagnostics;

namespace DiscreteGradients.Testing;

/// <summary>
/// What every estimator must do, whoever wrote it: the library's own <see cref="EstimatorChecks"/>, and what the base classes promise for
/// it. Each public method with an estimator is one check; a failed one throws.
/// </summary>
public static partial class Conformance
{
    private static readonly IReadOnlyList<MethodInfo> Methods =
        [.. typeof(Conformance).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(m => m.ReturnType == typeof(void) && m.GetParameters() is [var only] && only.ParameterType.IsAssignableTo(typeof(GradientEstimator)))];

    /// <summary>The names of the checks that apply to an estimator.</summary>
    public static IEnumerable<string> Checks(GradientEstimator estimator) =>
        EstimatorChecks.Names(estimator).Concat(Methods.Where(method => Applies(method, estimator)).Select(method => method.Name));

    public static void Run(string check, GradientEstimator estimator)
    {
        if (EstimatorChecks.Names(estimator).Contains(check))
            Assert.Empty(EstimatorChecks.Findings(estimator, check));
        else
            Methods.Single(method => method.Name == check).Invoke(null, BindingFlags.DoNotWrapExceptions, null, [estimator], null);
    }

    private static bool Applies(MethodInfo check, GradientEstimator estimator) =>
        check.GetParameters()[0].ParameterType.IsInstanceOfType(estimator)
        && (check.GetCustomAttribute<NeedsAttribute>() is not { } needs || estimator.GetType().GetProperty(needs.Setting) is not null);

    /// <summary>A check for estimators with a setting of that name.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class NeedsAttribute(string setting) : Attribute
    {
        public string Setting => setting;
    }
}
