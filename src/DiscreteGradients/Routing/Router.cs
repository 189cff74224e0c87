using System.Text;

namespace DiscreteGradients;

/// <summary>Decides which of N experts a token goes to, and how that decision is learnt.</summary>
/// <remarks>
/// Letters: T tokens, N experts, θ the scores of a token, p = softmax(θ), Eᵢ(x) the experts' outputs, g the loss as a function of the
/// layer's output, u its gradient there. Every router names the objective whose gradient at θ it stands for.
/// </remarks>
public abstract record Router
{
    /// <summary>
    /// The highest degree of a polynomial g for which the expected gradient at the scores is that of the objective that the router names;
    /// <see cref="GradientEstimator.Unbiased"/> if it is for every g, 0 if not even for a linear one.
    /// </summary>
    public abstract int Order { get; }

    /// <summary>Experts run forward for a token in a step of training, of that many.</summary>
    public abstract double ForwardExperts(long experts);

    /// <summary>Experts run backward for a token.</summary>
    public abstract double BackwardExperts(long experts);

    /// <summary>The experts that a layer must have at least.</summary>
    public virtual int ExpertsNeeded => 1;

    /// <summary>Scores [T, N · this] are what the router is given: two for an expert where one of them is the scale of noise.</summary>
    public virtual int ScoresPerExpert => 1;

    /// <summary>
    /// r of the noise on the router's input in training: each number is multiplied by a uniform one from 1 − r to 1 + r. The experts see
    /// the input without it. <see cref="MixtureOfExperts"/> does it.
    /// </summary>
    public virtual double InputNoise => 0;

    /// <summary>Whether the layer's output is multiplied by a learnt vector, ones at the start.</summary>
    public virtual bool ScalesOutput => false;

    /// <summary>
    /// Whether experts are chosen by the order of their scores, so that a bias can balance them without a loss; those that draw experts
    /// would follow another law than their gradient.
    /// </summary>
    public virtual bool TakesBias => false;

    /// <summary>Writes the settings alone, in <see cref="object.ToString"/>.</summary>
    protected virtual bool PrintMembers(StringBuilder builder) => false;

    /// <summary>Routes tokens.</summary>
    /// <param name="scores">θ [T, N · <see cref="ScoresPerExpert"/>]; −∞ excludes an expert. Never disposed.</param>
    /// <param name="training">False for evaluation: the best experts, without randomness.</param>
    /// <param name="bias">Added to the scores [N] where experts are chosen, and nowhere else; null is none.</param>
    /// <param name="generator">Source of randomness; null means TorchSharp's default one. One number is taken, in training only.</param>
    /// <returns>What was decided, owned by the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">
    /// Wrong shape or dtype; a token whose scores hold NaN or +∞ or leave too few experts; a bias that the router does not take.
    /// </exception>
    public Routing Route(Tensor scores, bool training = true, Tensor? bias = null, Generator? generator = null)
    {
        RoutingCheck.Scores(this, scores);
        RoutingCheck.Bias(this, bias, scores);
        Check.Generator(generator, scores);
        using var scope = NewDisposeScope();
        var routing = Route(Precision.AtLeastSingle(scores), bias, training ? Noise.Draw(generator) : null);
        return routing with
        {
            Chosen = routing.Chosen.alias().MoveToOuterDisposeScope(),
            Weights = routing.Weights.alias().MoveToOuterDisposeScope(),
            Probabilities = routing.Probabilities.alias().MoveToOuterDisposeScope(),
        };
    }

    /// <summary>The same for scores of the right shape, float32 or float64; no noise is evaluation. The caller opens the scope.</summary>
    internal Routing Route(Tensor scores, Tensor? bias, Noise? noise)
    {
        RoutingCheck.Values(scores);
        return Choose(scores, bias?.to_type(scores.dtype), noise);
    }

    /// <summary>
    /// Routes tokens by their scores, float32 or float64, without NaN and +∞. There is a bias [N] at most if the router takes one, and
    /// noise in training only. The caller opens the dispose scope.
    /// </summary>
    protected abstract Routing Choose(Tensor scores, Tensor? bias, Noise? noise);
}
