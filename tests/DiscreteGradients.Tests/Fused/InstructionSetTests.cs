using System.Diagnostics;

namespace DiscreteGradients.Tests;

/// <summary>
/// The kernel tests once more on processors that have less: the runtime is told to hide instruction sets from a child process.
/// </summary>
public class InstructionSetTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task Kernels_agree_with_the_readable_form_on_narrower_vectors(string hidden)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            typeof(InstructionSetTests).Assembly.Location,
            "-method", "*FusedTests.A_supplied_sample_gets_the_readable_gradient_too",
            "-method", "*FusedTests.Other_layouts_are_taken",
            "-method", "*DistributionTests.The_divergence_of_a_hair_from_uniform_is_half_the_variance",
            "-method", "*DistributionTests.A_common_offset_changes_nothing",
            "-method", "*NoiseTests.Noise_is_standard_exponential",
            "-method", "*ElementaryTests.Zero_infinity_underflow_and_nan",
            "-method", "*ElementaryTests.A_number_does_not_depend_on_its_place",
            "-method", "*ElementaryTests.Double_precision_exponentials_are_within_two_ulps",
            "-method", "*DistributionTests.Values_and_gradients_are_those_of_tensor_operations",
            "-method", "*ShortRowsTests.Samples_and_states_are_those_of_the_sampler_of_long_rows",
            "-method", "*SamplerTests.Long_rows_drawn_once_each_have_the_right_frequencies_too",
            "-noColor",
        ])
        { RedirectStandardOutput = true };
        start.Environment[hidden] = "0";

        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(process.ExitCode == 0, output);
        Assert.Matches(@"Total: 24\d, Errors: 0, Failed: 0", output);
    }
}
