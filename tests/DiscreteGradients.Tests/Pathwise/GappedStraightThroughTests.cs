using DiscreteGradients.Testing;
using static DiscreteGradients.Tests.Pathwise.ExpectedGradients;

namespace DiscreteGradients.Tests.Pathwise;

public class GappedStraightThroughTests
{
    [Fact]
    public void Gapped_straight_through_makes_the_sample_win_by_the_gap()
    {
        // θ' as the paper states it, for both gaps.
        using var scope = NewDisposeScope();
        var theta = new[] { 0.5, 2.0, 1.7, -3.0 };
        var v = new[] { 1.0, -2.0, 0.5, 3.0 };
        foreach (double? gap in new double?[] { 1, null })
        {
            var leaf = tensor(theta).requires_grad_(true);
            var hard = tensor(new[] { 0.0, 0, 1, 0 });
            var got = autograd.grad([(new GappedStraightThrough(gap, 0.7).Attach(leaf, hard) * tensor(v)).sum()], [leaf])[0];

            var probability = Math.Exp(1.7) / theta.Sum(Math.Exp) * (1 - 1e-5);
            var distance = gap ?? -Math.Log(1 - probability) / probability;
            var moved = theta.Select((t, k) => k == 2 ? 2.0 : Math.Min(t, 2.0 - distance)).ToArray();
            var weights = moved.Select(t => Math.Exp(t / 0.7)).ToArray();
            var p = weights.Select(w => w / weights.Sum()).ToArray();
            var mean = p.Zip(v, (a, b) => a * b).Sum();
            Close(tensor(p.Zip(v, (a, b) => a * (b - mean) / 0.7).ToArray()), got, 1e-14);
        }
    }
}
