#:project ../src/DiscreteGradients/DiscreteGradients.csproj
// Train a model of your own with discrete latents, check its gradient, save it, load it and go on: docs/tutorial.md tells it step by step.
using DiscreteGradients;
using TorchSharp;
using static TorchSharp.torch;

// The data: 16 numbers that follow from three hidden choices among four, and a little noise.
random.manual_seed(1);
var data = OneHot.Sample(zeros(512, 3, 4)).flatten(-2).matmul(randn(12, 16)) + (0.1 * randn(512, 16));

// Train.
using var training = new Training();
Console.WriteLine($"steps    1 to  250: error {training.Train(data, steps: 250):0.00}");

// Check the gradient for eight examples, of the model as it is now.
var few = data[..8];
var logits = training.Model.Logits(few).detach();
foreach (var estimator in new GradientEstimator[] { new ReinMax(), new StraightThrough(), new Rloo() })
{
    var report = GradientQuality.Measure(estimator, logits, z => training.Model.Error(z, few), draws: 4_000, new Generator(2));
    Console.WriteLine($"{estimator.GetType().Name,-16} cosine {report.Cosine}, standard deviation {report.StandardDeviation}");
}

// Save, and go on.
var folder = Directory.CreateTempSubdirectory("training-").FullName;
training.Save(folder);
var error = training.Train(data, steps: 750);
Console.WriteLine($"steps  251 to 1000: error {error:0.00}");

// Load what was saved, as another program would on another day, and go on from there.
using var resumed = new Training();
resumed.Load(folder);
Console.WriteLine($"resumed after step {resumed.Step}: same error {resumed.Train(data, steps: 750) == error}");
Directory.Delete(folder, recursive: true);

/// <summary>Your model: a network before the latents and a network after them.</summary>
internal sealed class Autoencoder : nn.Module
{
    private readonly nn.Module<Tensor, Tensor> encoder = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 3 * 4));
    private readonly nn.Module<Tensor, Tensor> decoder = nn.Sequential(nn.Linear(3 * 4, 64), nn.ReLU(), nn.Linear(64, 16));

    internal Autoencoder() : base("autoencoder") => RegisterComponents();

    /// <summary>[batch, 16] to [batch, 3 latents, 4 categories].</summary>
    internal Tensor Logits(Tensor x) => encoder.forward(x).view(-1, 3, 4);

    /// <summary>A number for each example: z is [.., batch, 3, 4], the result [.., batch].</summary>
    internal Tensor Error(Tensor z, Tensor x) => (decoder.forward(z.flatten(-2)) - x).pow(2).sum([-1]);
}

/// <summary>Everything that the next step depends on: weights, optimiser, random numbers, and the number of the step.</summary>
internal sealed class Training : IDisposable
{
    private readonly ReinMax _estimator = new();
    private readonly Generator _generator = new(3);
    private readonly TorchSharp.Modules.Adam _adam;

    internal Training() => _adam = optim.Adam(Model.parameters(), lr: 3e-3);

    internal Autoencoder Model { get; } = new();

    internal int Step { get; private set; }

    /// <summary>Takes some steps; the mean of their errors.</summary>
    internal double Train(Tensor data, int steps)
    {
        var sum = 0.0;
        for (var end = Step + steps; Step < end; Step++)
        {
            using var scope = NewDisposeScope();
            var x = data[randint(0, data.shape[0], [64], int64, generator: _generator)];
            _adam.zero_grad();
            var z = _estimator.Sample(Model.Logits(x), generator: _generator);
            var error = Model.Error(z, x).mean();
            error.backward();
            _adam.step();
            sum += error.item<float>();
        }

        return sum / steps;
    }

    internal void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        Model.save($"{folder}/model");
        _adam.save_state_dict($"{folder}/adam");
        using var scope = NewDisposeScope();
        _generator.get_state().save($"{folder}/generator");
        File.WriteAllText($"{folder}/step", $"{Step}");
    }

    internal void Load(string folder)
    {
        Model.load($"{folder}/model");
        _adam.load_state_dict($"{folder}/adam");
        using var scope = NewDisposeScope();
        _generator.set_state(Tensor.load($"{folder}/generator"));
        Step = int.Parse(File.ReadAllText($"{folder}/step"));
    }

    public void Dispose()
    {
        Model.Dispose();
        _adam.Dispose();
        _generator.Dispose();
    }
}
