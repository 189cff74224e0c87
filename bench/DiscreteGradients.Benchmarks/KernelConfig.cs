using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Order;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace DiscreteGradients.Benchmarks;

/// <summary>How the benchmarks run and what their table shows.</summary>
internal sealed class KernelConfig : ManualConfig
{
    /// <remarks>
    /// In this process: BenchmarkDotNet's own toolchain builds a project of its own per job, which would take TorchSharp's native
    /// library from the package as it is, unpatched (build/NativePortability), and copy half a gigabyte of libtorch.
    /// </remarks>
    public KernelConfig()
    {
        Add(DefaultConfig.Instance);
        AddJob(Job.Default
            .WithToolchain(InProcessEmitToolchain.DontLogOutput)
            .WithWarmupCount(3)
            .WithIterationTime(TimeInterval.FromMilliseconds(100))
            .WithMinIterationCount(5)
            .WithMaxIterationCount(15)
            .AsDefault());
        AddDiagnoser(MemoryDiagnoser.Default);
        AddColumn(MemoryColumn.PeakMegabytes, MemoryColumn.Tensors, MemoryColumn.Left);
        WithOrderer(new DefaultOrderer(SummaryOrderPolicy.Declared));
        WithOptions(ConfigOptions.JoinSummary);
    }
}
