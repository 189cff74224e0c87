using System.Text.Json;

namespace DiscreteGradients.Experiments.Tests.ListOps;

public sealed class TreeLstmTests
{
    [Theory]
    [InlineData("reinmax", false)]
    [InlineData("reinmax", true)]
    [InlineData("st", false)]
    [InlineData("st", true)]
    [InlineData("gumbel", false)]
    [InlineData("gumbel", true)]
    public void The_papers_own_code_computes_the_same_loss_gradients_and_logits(string method, bool linear)
    {
        var stored = Assert.Single(Golden(), c => c.Method == method);

        Assert.InRange(stored.LargestError(model => linear ? new LinearTreeLstm(model) : new PlainTreeLstm(model)), 0, 1e-12);
    }

    private static TreeCase[] Golden() => JsonSerializer.Deserialize<TreeCase[]>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "ListOps", "Golden", "listops.json")), StrictJson.Options)!;
}
