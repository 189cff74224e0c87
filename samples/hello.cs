#:project ../src/DiscreteGradients/DiscreteGradients.csproj
// Hello, discrete latent: learn which of four categories is best, by backpropagation through a sample.
using DiscreteGradients;
using static TorchSharp.torch;

var reward = tensor(new[] { 0.1f, 0.3f, 0.9f, 0.2f });
var logits = nn.Parameter(zeros(1, 1, 4));
var adam = optim.Adam([logits], lr: 0.1);
for (var step = 0; step < 100; step++)
{
    using var scope = NewDisposeScope();                     // frees the tensors of this step
    adam.zero_grad();
    var z = new ReinMax().Sample(logits.expand(64, 1, 4));   // exactly one-hot, and it carries a gradient
    (-(z * reward).sum(-1)).mean().backward();
    adam.step();
}

Console.WriteLine($"probabilities after 100 steps: {string.Join(" ", logits.softmax(-1).data<float>().Select(p => p.ToString("0.00")))}");
