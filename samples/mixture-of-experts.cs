#:project ../src/DiscreteGradients/DiscreteGradients.csproj
// A mixture of experts in a model of your own: four kinds of data, four experts, and a router that has to find out which is for which.
using DiscreteGradients;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

random.manual_seed(1);
var maps = randn(4, 8, 8) / Math.Sqrt(8);                                          // each kind has a linear map of its own
var kind = arange(4).repeat(64);
var x = randn(256, 8);
var target = maps[kind].bmm(x.unsqueeze(-1)).squeeze(-1);
var seen = functional.one_hot(kind, 4).to_type(float32) + (0.2 * randn(256, 4));   // what the router sees: the kind, blurred

foreach (var name in new[] { "switch", "sparsemixer", "reinmax", "dense" })
{
    random.manual_seed(2);
    var experts = Enumerable.Range(0, 4).Select(_ => Linear(8, 8));
    using var layer = new MixtureOfExperts(experts, Routers.Get(name).Default, width: 8);
    using var scorer = Linear(4, 4);
    var adam = optim.Adam([.. layer.parameters(), .. scorer.parameters()], lr: 1e-2);
    var error = 0f;
    for (var step = 0; step < 400; step++)
    {
        using var scope = NewDisposeScope();
        adam.zero_grad();
        var y = layer.Mix(x, scorer.forward(seen));  // or layer.forward(x)
        var loss = (y - target).pow(2).mean();
        (loss + (0.01 * layer.Report.BalanceLoss())).backward();
        adam.step();
        error = loss.item<float>();
    }

    Console.WriteLine($"{name,-12} error {error:0.000}, tokens of each expert {string.Join(" ", layer.Report.Load)}");
}
