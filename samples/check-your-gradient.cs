#:project ../src/DiscreteGradients/DiscreteGradients.csproj
// Which estimator can I trust for my own objective? Bias and spread against the exact gradient, with standard errors.
using DiscreteGradients;
using TorchSharp;
using static TorchSharp.torch;

var logits = randn(3, 4, dtype: ScalarType.Float64, generator: new Generator(1));                // 3 latents of 4 categories
var mixing = randn(12, 12, dtype: ScalarType.Float64, generator: new Generator(2)) / 4;
Tensor Objective(Tensor z) => z.flatten(-2).matmul(mixing).tanh().pow(2).sum(-1);                // [S.., 3, 4] -> [S..]

Console.WriteLine($"{"estimator",-16} {"relative bias",-20} {"standard deviation",-20} {"cosine",-20}");
foreach (var entry in Estimators.All.Where(e => e.Default is not IBinaryEstimator))
{
    var estimator = entry.Name == "gumbel-rao" ? new GumbelRao(Draws: 10, Temperature: 0.5) : entry.Default;
    (estimator as AdaptiveEstimator)?.Prepare(latents: 3, categories: 4, new Generator(1));
    var report = GradientQuality.Measure(estimator, logits, Objective, draws: 4_000);
    Console.WriteLine($"{entry.Name,-16} {report.RelativeBias,-20} {report.StandardDeviation,-20} {report.Cosine,-20}");
}
