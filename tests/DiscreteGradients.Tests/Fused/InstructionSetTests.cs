using System.Diagnostics;
using System.Runtime.InteropServices;
using DiscreteGradients.Testing;

namespace DiscreteGradients.Tests;

/// <summary>
/// The kernel tests once more on processors that have less: the runtime is told to hide instruction sets from a child process. What is
/// drawn there are the numbers drawn here, whose distribution other tests know.
/// </summary>
public sealed class InstructionSetTests(InstructionSetTests.Children children) : IClassFixture<InstructionSetTests.Children>
{
    private const string NumbersFile = "DGRAD_TEST_NUMBERS";

    public static TheoryData<string> Hidden { get; } = ["DOTNET_EnableAVX512", "DOTNET_EnableAVX2", "DOTNET_EnableHWIntrinsic"];

    [Theory]
    [MemberData(nameof(Hidden))]
    public async Task Kernels_agree_with_the_readable_form_on_narrower_vectors(string hidden)
    {
        var (exitCode, output) = await children.Results.Value[hidden];

        Assert.True(exitCode == 0, output);
        Assert.Contains("Total: 241, Errors: 0, Failed: 0", output, StringComparison.Ordinal);
    }

    /// <summary>As a child process, those of its parent; else those that two threads draw.</summary>
    [Fact]
    public void Samples_and_noise_are_the_same_numbers()
    {
        var there = Environment.GetEnvironmentVariable(NumbersFile) is { } file
            ? MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(file)).ToArray()
            : OnTwoThreads();
        var here = Drawn();

        // Samples and single-precision noise to the last bit; noise in double precision is a logarithm rounded within two ulps.
        Assert.Equal(there.Length, here.Length);
        Assert.DoesNotContain(there.Zip(here), pair => !(Math.Abs((pair.Second / pair.First) - 1) <= 1e-15));
    }

    private static double[] OnTwoThreads()
    {
        set_num_threads(2);
        try
        {
            return Drawn();
        }
        finally
        {
            set_num_threads(1);
        }
    }

    /// <summary>Categories, counted from one, of rows of many lengths in every dtype, and noise.</summary>
    private static double[] Drawn()
    {
        using var scope = NewDisposeScope();
        using var generator = Conformance.Seeded();
        var numbers = new List<Tensor>();
        foreach (var dtype in (ScalarType[])[ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64])
        {
            foreach (var categories in new[] { 2, 3, 7, 8, 9, 16, 17, 40, 130, 300, 3_000 })
            {
                var logits = randn([categories], ScalarType.Float32, generator: generator).to_type(dtype);
                numbers.Add(OneHot.Sample(logits.expand(500, categories), generator: generator).argmax(-1) + 1);
            }
        }

        foreach (var dtype in (ScalarType[])[ScalarType.Float32, ScalarType.Float64])
        {
            foreach (var categories in new[] { 2, 7, 16, 17, 301 })
                numbers.Add(Noise.Draw(generator).Exponential(4, zeros([3_000 / categories, categories], dtype)).flatten());
        }

        return cat([.. numbers.Select(some => some.to_type(ScalarType.Float64))]).data<double>().ToArray();
    }

    /// <summary>The child processes, side by side.</summary>
    public sealed class Children : IAsyncDisposable
    {
        private readonly string _numbers = Path.GetTempFileName();

        public Children() => Results = new(() =>
        {
            File.WriteAllBytes(_numbers, MemoryMarshal.AsBytes(Drawn().AsSpan()));
            return Hidden.ToDictionary(row => row.Data, row => Run(row.Data));
        });

        internal Lazy<Dictionary<string, Task<(int ExitCode, string Output)>>> Results { get; }

        public async ValueTask DisposeAsync()
        {
            if (Results.IsValueCreated)
                await Task.WhenAll(Results.Value.Values);
            File.Delete(_numbers);
        }

        private async Task<(int ExitCode, string Output)> Run(string hidden)
        {
            var start = new ProcessStartInfo("dotnet",
            [
                typeof(InstructionSetTests).Assembly.Location,
                "-method", "*InstructionSetTests.Samples_and_noise_are_the_same_numbers",
                "-method", "*FusedTests.A_supplied_sample_gets_the_readable_gradient_too",
                "-method", "*FusedTests.Other_layouts_are_taken",
                "-method", "*DistributionTests.The_divergence_of_a_hair_from_uniform_is_half_the_variance",
                "-method", "*DistributionTests.A_common_offset_changes_nothing",
                "-method", "*ElementaryTests.Zero_infinity_underflow_and_nan",
                "-method", "*ElementaryTests.A_number_does_not_depend_on_its_place",
                "-method", "*ElementaryTests.Double_precision_exponentials_are_within_two_ulps",
                "-method", "*DistributionTests.Values_and_gradients_are_those_of_tensor_operations",
                "-method", "*ShortRowsTests.Samples_and_states_are_those_of_the_sampler_of_long_rows",
                "-noColor",
            ])
            { RedirectStandardOutput = true };
            start.Environment[hidden] = "0";
            start.Environment[NumbersFile] = _numbers;

            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return (process.ExitCode, output);
        }
    }
}
