using System.Runtime.CompilerServices;

namespace DiscreteGradients.Testing;

internal static class TestSetup
{
    [ModuleInitializer]
    internal static void OneThread() => set_num_threads(1);
}
