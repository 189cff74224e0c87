using System.Numerics;
using System.Runtime.InteropServices;
using DiscreteGradients.Fused;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

/// <summary>Kernels on memory that ends where an unreadable page begins: one element too far ends the test process.</summary>
public partial class GuardPageTests
{
    public static MatrixTheoryData<string, int> Cases { get; } = new(
        ["st", "reinmax", "reinmax-uniform", "gumbel-rao", "gst-1.0", "gst-p"],
        [1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 17, 31, 33, 99, 129, 1_000, 2_049]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Kernels_stay_inside_their_buffers(string name, int categories)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "guard pages are set with mmap and mprotect");
        foreach (var temperature in new[] { 1.0, 1.3 })
        {
            var settings = new Dictionary<string, object>();
            if (name != "reinmax-uniform")
                settings.Add("temperature", temperature);
            if (name == "gumbel-rao")
                settings.Add("noise_draws", 3);
            var kernel = ((IFusedEstimator)Estimators.Get(name).Create(settings)).Kernel;
            foreach (var rows in new[] { 1, 3, 16, 50 })
            {
                Run<float>(kernel, Math.Min(rows, RowLayout.PerBlock(categories)), categories);
                Run<double>(kernel, Math.Min(rows, RowLayout.PerBlock(categories)), categories);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(17)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(128)]
    [InlineData(129)]
    [InlineData(2_049)]
    public void The_kernel_of_the_divergence_stays_inside_its_buffers(int categories)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "guard pages are set with mmap and mprotect");
        foreach (var spread in new[] { 0.01, 2 })
        {
            foreach (var rows in new[] { 1, RowLayout.PerBlock(categories), 83 })
            {
                Divergence<float>(rows, categories, spread);
                Divergence<double>(rows, categories, spread);
            }
        }
    }

    private static unsafe void Divergence<T>(int rows, int categories, double spread) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var logits = new Guarded<T>(rows * categories);
        using var values = new Guarded<T>(rows);
        using var states = new KeptMemory(3L * rows * sizeof(T));
        var random = new Random(categories);
        foreach (ref var logit in logits.Span)
            logit = T.CreateTruncating(spread * random.NextDouble());

        UniformDivergence.Of(logits.Address, rows, categories, values.Address, new FusedStatistic.Numbers<T>(states, rows));

        foreach (var value in values.Span)
            Assert.True(T.IsFinite(value) && (value > T.Zero || categories == 1));
    }

    /// <summary>What the kernels of short rows read and write tensors with.</summary>
    [Fact]
    public void Tiles_stay_inside_their_buffers()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "guard pages are set with mmap and mprotect");
        for (var categories = 1; categories <= RowLayout.ShortRow; categories++)
        {
            foreach (var rows in new[] { 1, 7, 8, 9, 16, 83 })
            {
                Tiles<float>(rows, categories);
                Tiles<double>(rows, categories);
            }
        }
    }

    private static unsafe void Tiles<T>(int rows, int categories) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var from = new Guarded<T>(rows * categories);
        using var to = new Guarded<T>(rows * categories);
        using var numbers = new Guarded<T>(rows);
        using var sampled = new Guarded<int>(rows);
        for (var row = 0; row < rows; row++)
            from.Span[(row * categories) + (row % categories)] = T.One;

        Tile<T>.For(rows, categories, tile =>
        {
            tile.FindSampled(from.Address, sampled.Address);
            tile.SetNumbers(numbers.Address, tile.Numbers(sampled.Address));
            tile.SetNumbers(numbers.Address, tile.Numbers(numbers.Address));
            tile.Load(0, from.Address);
            tile.Store(0, to.Address);
        });

        Assert.True(to.Span.SequenceEqual(from.Span));
        for (var row = 0; row < rows; row++)
            Assert.Equal((row % categories, T.CreateTruncating(row % categories)), (sampled.Span[row], numbers.Span[row]));
    }

    private static unsafe void Run<T>(IRowKernel kernel, int rows, int categories) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var logits = new Guarded<T>(rows * categories);
        using var upstream = new Guarded<T>(rows * categories);
        using var gradient = new Guarded<T>(rows * categories);
        using var hard = new Guarded<T>(rows * categories);
        using var states = new Guarded<byte>(rows * RowStates<T>.Size);
        using var scratch = new Guarded<T>(RowBlock<T>.ScratchSize(rows, categories));
        using var generator = Conformance.Seeded();
        var random = new Random(categories);
        for (var i = 0; i < rows * categories; i++)
            (logits.Span[i], upstream.Span[i]) = (T.CreateTruncating(random.NextDouble()), T.CreateTruncating(random.NextDouble()));

        var (noise, all) = (Noise.Draw(generator), new RowStates<T>(states.Address, rows));
        FusedSample.Draw(logits.Address, categories, rows, 0, noise, hard.Address, supplied: false, all);
        FusedSample.Draw(logits.Address, categories, rows, 0, noise, hard.Address, supplied: true, all);
        kernel.Backward(new RowBlock<T>
        {
            Categories = categories,
            Logits = logits.Span,
            Upstream = upstream.Span,
            States = all,
            Gradient = gradient.Span,
            Scratch = scratch.Span,
            Place = (0, rows),
            Noise = noise,
        });

        foreach (var g in gradient.Span)
            Assert.True(T.IsFinite(g));
    }

    /// <summary>Memory whose last element ends at a page that cannot be touched.</summary>
    private sealed unsafe partial class Guarded<T> : IDisposable where T : unmanaged
    {
        private const int Page = 4096;
        private readonly int _count;
        private readonly nuint _size;
        private readonly byte* _memory;

        internal Guarded(int count)
        {
            _count = count;
            _size = (nuint)((((count * sizeof(T)) + Page - 1) / Page) + 1) * Page;
            _memory = (byte*)Native.mmap(0, _size, 3, 0x22, -1, 0);
            Assert.Equal(0, Native.mprotect((nint)(_memory + _size - Page), Page, 0));
        }

        internal T* Address => (T*)(_memory + _size - Page) - _count;

        internal Span<T> Span => new(Address, _count);

        public void Dispose() => _ = Native.munmap((nint)_memory, _size);
    }

    private static partial class Native
    {
        [LibraryImport("libc")]
        internal static partial nint mmap(nint address, nuint length, int protection, int flags, int file, nint offset);

        [LibraryImport("libc")]
        internal static partial int mprotect(nint address, nuint length, int protection);

        [LibraryImport("libc")]
        internal static partial int munmap(nint address, nuint length);
    }
}
