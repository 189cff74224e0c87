#:project ../src/DiscreteGradients/DiscreteGradients.csproj
// Replacing straight-through in a model you already have: one line changes, the samples stay the same, the gradient gets better.
using DiscreteGradients;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

double Train(PathwiseEstimator estimator)
{
    random.manual_seed(1);
    var encoder = Linear(16, 8 * 4);
    var decoder = Sequential(Linear(8 * 4, 32), ReLU(), Linear(32, 16));
    var adam = optim.Adam([.. encoder.parameters(), .. decoder.parameters()], lr: 3e-3);
    var data = randn(128, 4).matmul(randn(4, 16)).sign();
    var loss = 0.0;
    for (var step = 0; step < 400; step++)
    {
        using var scope = NewDisposeScope();
        adam.zero_grad();
        var logits = encoder.forward(data).view(-1, 8, 4);                                      // 8 latents of 4 categories
        // before: var z = hard + soft - soft.detach();
        var z = estimator.Sample(logits);
        var error = (decoder.forward(z.view(-1, 8 * 4)) - data).pow(2).mean();
        error.backward();
        adam.step();
        loss = error.item<float>();
    }

    return loss;
}

Console.WriteLine($"straight-through: reconstruction error {Train(new StraightThrough()):0.000}");
Console.WriteLine($"ReinMax:          reconstruction error {Train(new ReinMax()):0.000}");
