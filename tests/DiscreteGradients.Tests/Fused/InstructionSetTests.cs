using System.Diagnostics;

namespace DiscreteGradients.Tests;

/// <summary>
/// The kernel tests once more on processors that have less: the runtime is told to hide instruction sets from a child process.
/// </summary>
public class InstructionSetTests
{
    private static readonly string[] Gradients =
    [
        "FusedTests.A_supplied_sample_gets_the_readable_gradient_too",
        "FusedTests.Other_layouts_are_taken",
        "DistributionTests.Values_and_gradients_are_those_of_tensor_operations",
        "ElementaryTests.Zero_infinity_underflow_and_nan",
        "ElementaryTests.A_number_does_not_depend_on_its_place",
    ];

    private static readonly string[] Samples =
    [
        "DistributionTests.The_divergence_of_a_hair_from_uniform_is_half_the_variance",
        "DistributionTests.A_common_offset_changes_nothing",
        "NoiseTests.Noise_is_standard_exponential",
        "ElementaryTests.Double_precision_exponentials_are_within_two_ulps",
        "ShortRowsTests.Samples_and_states_are_those_of_the_sampler_of_long_rows",
        "SamplerTests.Long_rows_drawn_once_each_have_the_right_frequencies_too",
    ];

    /// <summary>Without any instruction set vectors are as wide as without AVX2, but slow: the gradients are enough there.</summary>
    [Theory]
    [InlineData("DOTNET_EnableAVX512", true, 246)]
    [InlineData("DOTNET_EnableAVX2", true, 246)]
    [InlineData("DOTNET_EnableHWIntrinsic", false, 162)]
    public async Task Kernels_agree_with_the_readable_form_on_narrower_vectors(string hidden, bool samples, int cases)
    {
        var methods = Gradients.Concat(samples ? Samples : []).SelectMany(method => (string[])["-method", $"*{method}"]);
        var start = new ProcessStartInfo("dotnet", [typeof(InstructionSetTests).Assembly.Location, .. methods, "-noColor"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment[hidden] = "0";

        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(process.ExitCode == 0, output);
        Assert.Contains($"Total: {cases}, Errors: 0, Failed: 0", output, StringComparison.Ordinal);
    }
}
