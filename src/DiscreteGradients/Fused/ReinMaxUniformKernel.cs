using System.Numerics;
using System.Runtime.Intrinsics;

namespace DiscreteGradients.Fused;

/// <summary>
/// The gradient of <see cref="ReinMaxUniform"/>: ½ [(v_D − v̄) (D − p) + p (v − ⟨p, v⟩) / (n p_D)] for the upstream gradient v, its mean v̄
/// over the n categories that are not masked, and the sample D.
/// </summary>
internal sealed class ReinMaxUniformKernel : IRowKernel
{
    /// <inheritdoc/>
    public void Backward<T>(RowBlock<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (block.IsShort)
            ShortRows(block);
        else
            LongRows(block);
    }

    private static void ShortRows<T>(RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (var tile in block.Tiles)
        {
            var sums = default(Sums<T>);
            var (sampledP, sampledV) = (Vector512<T>.Zero, tile.UpstreamAtSample());
            for (var k = 0; k < tile.Categories; k++)
            {
                var p = Elementary.Exp(tile.Below(k)) * tile.InverseTotal;
                sums = sums.With(tile.Below(k), p, tile.Upstream(k));
                sampledP = Vector512.ConditionalSelect(tile.IsSampled(k), p, sampledP);
                tile.SetGradient(k, p);
            }

            var (slope, weight) = sums.Factors(sampledP, sampledV);
            for (var k = 0; k < tile.Categories; k++)
            {
                var hard = tile.IsSampled(k) & slope;
                tile.SetGradient(k, hard + (tile.Gradient(k) * ((weight * (tile.Upstream(k) - sums.Mean)) - slope)));
            }
        }
    }

    private static void LongRows<T>(RowBlock<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (var row = 0; row < block.Count; row++)
        {
            var logits = block.LogitsOf(row);
            var upstream = block.UpstreamOf(row);
            var gradient = block.GradientOf(row);
            var state = block.States[row];
            var (largest, inverse, sums) = (Vector512.Create(state.Largest), Vector512.Create(state.InverseTotal), default(Sums<T>));
            for (var k = 0; k < logits.Length; k += Vector512<T>.Count)
            {
                var below = Rows.Load(logits, k, T.NegativeInfinity) - largest;
                var p = Elementary.Exp(below) * inverse;
                sums = sums.With(below, p, Rows.Load(upstream, k));
                Rows.Store(p, gradient, k);
            }

            sums = sums.AcrossLanes();
            var (slope, weight) = sums.Factors(Vector512.Create(gradient[state.Sampled]), Vector512.Create(upstream[state.Sampled]));
            for (var k = 0; k < logits.Length; k += Vector512<T>.Count)
                Rows.Store(Rows.Load<T>(gradient, k) * ((weight * (Rows.Load(upstream, k) - sums.Mean)) - slope), gradient, k);
            gradient[state.Sampled] += slope[0];
        }
    }

    /// <summary>Sums over the categories that are not masked.</summary>
    /// <param name="Count">n.</param>
    /// <param name="Upstream">Σ v.</param>
    /// <param name="Mean">⟨p, v⟩.</param>
    private readonly record struct Sums<T>(Vector512<T> Count, Vector512<T> Upstream, Vector512<T> Mean)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        internal Sums<T> With(Vector512<T> below, Vector512<T> p, Vector512<T> v)
        {
            var lowest = T.CreateTruncating(Precision.Lowest(typeof(T) == typeof(double) ? ScalarType.Float64 : ScalarType.Float32) / 2);
            var allowed = Vector512.GreaterThanOrEqual(below, Vector512.Create(lowest));
            return new(Count + (allowed & Vector512<T>.One), Upstream + (allowed & v), Mean + (p * v));
        }

        internal Sums<T> AcrossLanes() => new(Sum(Count), Sum(Upstream), Sum(Mean));

        /// <summary>½ (v_D − v̄) and ½ / (n p_D).</summary>
        internal (Vector512<T> Slope, Vector512<T> Weight) Factors(Vector512<T> p, Vector512<T> v)
        {
            var half = Vector512.Create(T.CreateTruncating(0.5));
            var tiny = Precision.Tiny(typeof(T) == typeof(double) ? ScalarType.Float64 : ScalarType.Float32);
            return (half * (v - (Upstream / Count)), half / (Count * Vector512.Max(p, Vector512.Create(T.CreateTruncating(tiny)))));
        }

        private static Vector512<T> Sum(Vector512<T> lanes) => Vector512.Create(Vector512.Sum(lanes));
    }
}
