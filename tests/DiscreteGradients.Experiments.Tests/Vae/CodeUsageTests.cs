namespace DiscreteGradients.Experiments.Tests.Vae;

public sealed class CodeUsageTests
{
    [Fact]
    public void A_latent_that_is_always_the_same_code_or_only_noise_is_visible()
    {
        using var scope = NewDisposeScope();
        const float sure = 40;
        var logits = zeros(4, 3, 4);
        logits[TensorIndex.Ellipsis, 0, 1] = sure;  // always code 1
        for (var image = 0; image < 4; image++)
            logits[image, 1, image] = sure;  // a code for each image; the third latent is uniform for all of them
        var usage = new CodeUsage(latents: 3, categories: 4);

        usage.Add(logits.narrow(0, 0, 3));
        usage.Add(logits.narrow(0, 3, 1));
        var values = usage.Values();

        Assert.Equal(2, values["collapsed_latents"]);
        Assert.Equal([1, 4, 4], new[] { "1", "2", "3" }.Select(latent => Math.Round(values[$"latent_perplexity/{latent}"], 5)));
        Assert.Equal(
            [0, 0, Math.Round(Math.Log(4), 5)],
            new[] { "1", "2", "3" }.Select(latent => Math.Round(values[$"latent_entropy/{latent}"], 5)));
        Assert.Equal(Math.Log(4) / 3, values["entropy"], 1e-5);
        Assert.Equal(2.25 / 3, values["max_probability"], 1e-5);
        Assert.Equal((3.0, 1.0), (Math.Round(values["code_perplexity"], 5), Math.Round(values["code_perplexity_min"], 5)));
        Assert.Equal(Math.Log(4) / 3, values["information"], 1e-5);
        Assert.Equal(0, values["information_min"], 1e-5);
    }

    [Fact]
    public void Many_latents_are_summed_up_only()
    {
        using var scope = NewDisposeScope();
        var usage = new CodeUsage(latents: 33, categories: 2);

        usage.Add(zeros(1, 33, 2));

        Assert.Equal(33, usage.Values()["collapsed_latents"]);
        Assert.DoesNotContain(usage.Values().Keys, name => name.Contains('/'));
    }
}
