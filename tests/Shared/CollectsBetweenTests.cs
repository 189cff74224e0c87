using System.Reflection;
using System.Runtime;
using Xunit.v3;

[assembly: DiscreteGradients.Testing.CollectsBetweenTests]

namespace DiscreteGradients.Testing;

/// <summary>
/// Garbage is collected between two tests, never while libtorch computes: docs/conventions.md, a trap of TorchSharp. What one test
/// allocates beyond the budget is collected as ever.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class CollectsBetweenTestsAttribute : BeforeAfterTestAttribute
{
    private const long Budget = 192L << 20;

    private static long _collectAt;

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        var held = GCSettings.LatencyMode == GCLatencyMode.NoGCRegion;
        if (held && GC.GetTotalAllocatedBytes() < _collectAt)
            return;
        if (held)
            GC.EndNoGCRegion();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.TryStartNoGCRegion(Budget);
        _collectAt = GC.GetTotalAllocatedBytes() + (Budget / 2);
    }
}
