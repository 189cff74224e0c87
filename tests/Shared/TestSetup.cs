using System.Runtime.CompilerServices;

[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace DiscreteGradients.Testing;

internal static class TestSetup
{
    [ModuleInitializer]
    internal static void OneThread() => set_num_threads(1);
}
