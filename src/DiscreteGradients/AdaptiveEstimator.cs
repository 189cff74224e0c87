using System.Globalization;
using System.Text;
using TorchSharp.Modules;

namespace DiscreteGradients;

/// <summary>
/// An unbiased estimator that learns while it is used: a control variate whose parameters make the gradient's variance smaller.
/// </summary>
/// <remarks>
/// The settings are immutable, as in every estimator; what is learnt is apart from them. A copy (<c>estimator with { }</c>) has the same
/// settings and nothing learnt, and equality compares settings only. Give <see cref="Parameters"/> to an optimiser: <c>backward()</c> on
/// the value also leaves on them the gradient of ‖g‖², the squared norm of the gradient estimate g [L, K], as a mean over the batch if the
/// mean of the values is taken and as a sum if the sum is. Since E[g] does not depend on them, that is the gradient of the variance.
/// Parameters are float32 and are computed with in the logits' dtype. Under <c>no_grad</c> only the value is computed, and nothing is
/// learnt. An adaptive estimator is not for use by several threads at once.
/// </remarks>
public abstract record AdaptiveEstimator : GradientEstimator, IDisposable
{
    private const ulong Seed = 1;

    private Dictionary<string, Tensor>? _state;

    /// <summary>No state yet.</summary>
    protected AdaptiveEstimator()
    {
    }

    /// <summary>A copy shares the settings and has a state of its own, not yet made.</summary>
    protected AdaptiveEstimator(AdaptiveEstimator original) : base(original)
    {
    }

    /// <summary>S, the independent samples per example.</summary>
    public abstract int Samples { get; init; }

    /// <inheritdoc/>
    public sealed override int Order => Unbiased;

    /// <summary>What an optimiser trains, by name. May be empty.</summary>
    /// <exception cref="InvalidOperationException">Neither <see cref="Prepare"/> nor <see cref="GradientEstimator.Estimate"/> was called.</exception>
    public IReadOnlyDictionary<string, Parameter> Parameters =>
        State.Where(entry => entry.Value is Parameter).ToDictionary(entry => entry.Key, entry => (Parameter)entry.Value);

    /// <summary>All that is learnt, by name: the parameters, and averages kept without an optimiser. The live tensors: copy into them to restore a checkpoint.</summary>
    /// <exception cref="InvalidOperationException">Neither <see cref="Prepare"/> nor <see cref="GradientEstimator.Estimate"/> was called.</exception>
    public IReadOnlyDictionary<string, Tensor> State => _state ?? throw new InvalidOperationException(
        $"{GetType().Name} has learnt nothing yet; call Prepare(latents, categories) first.");

    /// <summary>Makes the initial state; the first <see cref="GradientEstimator.Estimate"/> does it if nobody did.</summary>
    /// <param name="latents">L of the logits to come.</param>
    /// <param name="categories">K of the logits to come.</param>
    /// <param name="generator">Source of initial weights, and where they live; null means the CPU and a fixed seed. Never disposed.</param>
    /// <exception cref="InvalidOperationException">There is a state.</exception>
    public void Prepare(long latents, long categories, Generator? generator = null)
    {
        Check.AtLeast(1, latents);
        Check.AtLeast(1, categories);
        Check.Generator(generator);
        Check.Room(latents, "latents", [categories], ScalarType.Float32, generator?.device);
        if (_state is not null)
            throw new InvalidOperationException($"{GetType().Name} is prepared already; take a copy (`with {{ }}`) to start anew.");
        Check.Libtorch();

        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var seeded = generator is null ? new Generator(Seed) : null;
        _state = Initial(latents, categories, generator ?? seeded!)
            .ToDictionary(entry => entry.Name, entry => entry.Value.DetachFromDisposeScope());
    }

    /// <summary>Disposes of what was learnt.</summary>
    public void Dispose()
    {
        if (_state is not null)
        {
            foreach (var tensor in _state.Values)
                tensor.Dispose();
            _state = null;
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Equal settings; what was learnt does not count.</summary>
    public virtual bool Equals(AdaptiveEstimator? other) => base.Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => base.GetHashCode();

    /// <summary>The initial state: a <see cref="Parameter"/> is trained, another tensor is kept up by the estimator itself.</summary>
    protected abstract IEnumerable<(string Name, Tensor Value)> Initial(long latents, long categories, Generator generator);

    /// <summary>
    /// The values [S, B..] of f at the samples <paramref name="hard"/> [S, B.., L, K], and the gradient estimate [B.., L, K] as a
    /// differentiable function of the parameters in <paramref name="state"/>.
    /// </summary>
    /// <param name="logits">[B.., L, K], without a graph; a masked category is −∞.</param>
    /// <param name="hard">The samples, without a graph.</param>
    /// <param name="f">The objective, to be called once.</param>
    /// <param name="noise">Independent of the samples.</param>
    /// <param name="state">Parameters as leaves in the logits' dtype and on their device; other tensors as they are.</param>
    protected abstract (Tensor Values, Tensor Gradient) Evaluate(
        Tensor logits, Tensor hard, Func<Tensor, Tensor> f, Noise noise, IReadOnlyDictionary<string, Tensor> state);

    /// <inheritdoc/>
    protected sealed override Tensor EstimateCore(Tensor logits, Func<Tensor, Tensor> f, Generator? generator)
    {
        var noise = Noise.Draw(generator);
        var hard = Categorical.Sample(logits, Samples, noise);
        if (!is_grad_enabled())
            return f(hard).mean([0]);

        return EstimateAt(logits, hard, f, noise.ForGradient());
    }

    /// <summary>The estimate [B..] for given samples [S, B.., L, K].</summary>
    internal Tensor EstimateAt(Tensor logits, Tensor hard, Func<Tensor, Tensor> f, Noise noise)
    {
        if (_state is null)
            Prepare(logits.shape[^2], logits.shape[^1]);
        var state = _state!.ToDictionary(entry => entry.Key, entry => entry.Value is Parameter ? Leaf(entry.Value, logits) : entry.Value);
        var (values, gradient) = Evaluate(logits.detach(), hard, f, noise, state);
        return values.mean([0]) + Surrogate.Carry(logits, gradient) + Carry(state, gradient);
    }

    /// <summary>∂(Σ values)/∂points, of the points' shape, without a graph.</summary>
    protected Tensor Slope(Tensor values, Tensor points)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Check.Differentiable(Derivatives.Of(values, [points])[0], GetType().Name);
    }

    /// <summary>Names and values of the settings; what was learnt is not printed.</summary>
    protected override bool PrintMembers(StringBuilder builder)
    {
        base.PrintMembers(builder);
        builder.Append(CultureInfo.InvariantCulture, $", {nameof(Samples)} = {Samples}");
        return true;
    }

    private static Tensor Leaf(Tensor parameter, Tensor logits) =>
        parameter.detach().to(logits.dtype, logits.device).requires_grad_(true);

    /// <summary>A scalar that is zero and whose derivative with respect to the parameters is that of the mean of ‖g‖².</summary>
    private Tensor Carry(Dictionary<string, Tensor> state, Tensor gradient)
    {
        var zero = zeros([], gradient.dtype, gradient.device);
        var parameters = Parameters;
        if (parameters.Count == 0)
            return zero;

        // Explicitly onto the parameters: the squared norm can contain f, whose own parameters must not be trained on it.
        var examples = Math.Max(1, gradient.shape[..^2].Aggregate(1L, (a, b) => a * b));
        var squares = gradient.pow(2).sum() / examples;
        var slopes = Derivatives.Of(squares, [.. parameters.Keys.Select(name => state[name])]);
        return parameters.Values.Zip(slopes)
            .Where(pair => pair.Second is not null)
            .Select(pair =>
            {
                var live = pair.First.to(gradient.dtype, gradient.device);
                return ((live - live.detach()) * pair.Second!).sum();
            })
            .Aggregate(zero, (a, b) => a + b);
    }
}
