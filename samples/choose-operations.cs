#:project ../src/DiscreteGradients/DiscreteGradients.csproj
// Operations of your own, one of which is chosen: a signal is smoothed over five points, and the network finds out with which operation.
using DiscreteGradients;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

random.manual_seed(1);
var smoothing = full([1, 1, 5], 0.2f);
var table = new ChoiceTable(new DenseRule(new ReinMax()), zeros(1, 5));             // the logits of one choice among five
var layer = new DiscreteChoice(
    new ZeroOperation(), Identity(), Conv1d(1, 1, 1), Conv1d(1, 1, 3, padding: 1), Conv1d(1, 1, 5, padding: 2));
var adam = optim.Adam([.. layer.parameters(), .. table.parameters()], lr: 0.03);
for (var step = 0; step < 600; step++)
{
    using var scope = NewDisposeScope();
    var signal = randn(32, 1, 50);
    adam.zero_grad();
    var output = layer.call(signal, table.Draw()[0]);                               // one operation runs
    functional.mse_loss(output, functional.conv1d(signal, smoothing, padding: 2)).backward();  // the others run once, without a graph
    adam.step();
}

var (found, p) = (table.MostProbable()[0], table.Logits.softmax(-1).amax(-1).item<float>());
Console.WriteLine(FormattableString.Invariant($"found operation {found} with probability {p:0.00}"));
