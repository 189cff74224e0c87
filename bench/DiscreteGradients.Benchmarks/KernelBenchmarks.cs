using BenchmarkDotNet.Attributes;
using DiscreteGradients.Experiments.Bench;
using TorchSharp;

namespace DiscreteGradients.Benchmarks;

/// <summary>An estimator of the registry on logits of one shape.</summary>
public sealed record KernelCell(string Estimator, BenchShape Shape)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Estimator} {Shape}";
}

/// <summary>
/// Samples of every pathwise estimator, with and without the gradient of the logits, against the published algorithm composed of
/// tensor operations. Composed Gumbel-Rao of the largest shapes takes half a minute a call and gigabytes; select with --filter.
/// </summary>
#pragma warning disable CA1001  // Finish disposes of the case: BenchmarkDotNet calls that, and not Dispose
public class KernelBenchmarks
#pragma warning restore CA1001
{
    private KernelCase? _case;

    /// <summary>Registry × shapes.</summary>
    public static IEnumerable<KernelCell> Cells =>
        from entry in Estimators.All
        where Composed.FormOf(entry.Default) is not null
        from shape in BenchShape.Defaults
        select new KernelCell(entry.Name, shape);

    /// <summary>The estimator, and logits [N, K].</summary>
    [ParamsSource(nameof(Cells))]
    public KernelCell Cell { get; set; } = null!;

    /// <summary>What a call does.</summary>
    [ParamsAllValues]
    public BenchPass Pass { get; set; }

    /// <summary>Threads of libtorch and of the kernels.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Prepares the composed form.</summary>
    [GlobalSetup(Target = nameof(Published))]
    public void PreparePublished()
    {
        var work = Prepare();
        work.Published();
        MemoryColumn.Measure(nameof(Published), Cell, Pass, Threads, work.Published);
    }

    /// <summary>Prepares the library.</summary>
    [GlobalSetup(Target = nameof(Library))]
    public void PrepareLibrary()
    {
        var work = Prepare();
        Steady.WarmUp(work.Library);
        MemoryColumn.Measure(nameof(Library), Cell, Pass, Threads, work.Library);
    }

    /// <summary>Frees the logits.</summary>
    [GlobalCleanup]
    public void Finish() => _case?.Dispose();

    /// <summary>The published algorithm, one tensor operation after another.</summary>
    [Benchmark(Baseline = true)]
    public void Published() => _case!.Published();

    /// <summary>The library.</summary>
    [Benchmark]
    public void Library() => _case!.Library();

    private KernelCase Prepare()
    {
        torch.set_num_threads(Threads);
        return _case = new KernelCase((PathwiseEstimator)Estimators.Get(Cell.Estimator).Default, Cell.Shape, Pass);
    }
}
