using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments;

/// <summary>What the two LSTM cells do entry by entry, in both directions, on rows of whole vectors.</summary>
internal static unsafe class TreeCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Joins two nodes, given what the weights make of each.</summary>
    /// <param name="d">The size.</param>
    /// <param name="left">W h of the left node, by gates [5d].</param>
    /// <param name="right">The same of the right node.</param>
    /// <param name="bias">[5d].</param>
    /// <param name="leftC">c of the left node.</param>
    /// <param name="rightC">c of the right node.</param>
    /// <param name="pair">What the pair becomes.</param>
    internal static void Join(int d, T* left, T* right, T* bias, T* leftC, T* rightC, Joined pair)
    {
        for (var i = 0; i < d; i += Vector512<T>.Count)
        {
            var input = Sigmoid(Sum(left, right, bias, i));
            var forgetLeft = Sigmoid(Sum(left, right, bias, i + d) + Vector512<T>.One);
            var forgetRight = Sigmoid(Sum(left, right, bias, i + (2 * d)) + Vector512<T>.One);
            var fresh = Tanh(Sum(left, right, bias, i + (3 * d)));
            var output = Sigmoid(Sum(left, right, bias, i + (4 * d)));
            var c = (At(leftC, i) * forgetLeft) + (At(rightC, i) * forgetRight) + (fresh * input);
            var squashed = Tanh(c);
            Put(input, pair.Gates, i);
            Put(forgetLeft, pair.Gates, i + d);
            Put(forgetRight, pair.Gates, i + (2 * d));
            Put(fresh, pair.Gates, i + (3 * d));
            Put(output, pair.Gates, i + (4 * d));
            Put(c, pair.C, i);
            Put(squashed, pair.Squashed, i);
            Put(output * squashed, pair.H, i);
        }
    }

    /// <summary>The way back through <see cref="Join"/>.</summary>
    /// <param name="d">The size.</param>
    /// <param name="pair">What was kept.</param>
    /// <param name="leftC">c of the left node.</param>
    /// <param name="rightC">c of the right node.</param>
    /// <param name="atH">The gradient at h.</param>
    /// <param name="atC">The gradient at c; null for zero.</param>
    /// <param name="atGates">The gradient before the gates' functions [5d].</param>
    /// <param name="atLeftC">The gradient at the left node's c.</param>
    /// <param name="atRightC">The gradient at the right node's c.</param>
    internal static void Back(
        int d, Joined pair, T* leftC, T* rightC, T* atH, T* atC, T* atGates, T* atLeftC, T* atRightC)
    {
        for (var i = 0; i < d; i += Vector512<T>.Count)
        {
            var (input, forgetLeft, forgetRight) = (At(pair.Gates, i), At(pair.Gates, i + d), At(pair.Gates, i + (2 * d)));
            var (fresh, output, squashed) = (At(pair.Gates, i + (3 * d)), At(pair.Gates, i + (4 * d)), At(pair.Squashed, i));
            var h = At(atH, i);
            var c = h * output * (Vector512<T>.One - (squashed * squashed));
            if (atC != null)
                c += At(atC, i);
            Put(c * fresh * Slope(input), atGates, i);
            Put(c * At(leftC, i) * Slope(forgetLeft), atGates, i + d);
            Put(c * At(rightC, i) * Slope(forgetRight), atGates, i + (2 * d));
            Put(c * input * (Vector512<T>.One - (fresh * fresh)), atGates, i + (3 * d));
            Put(h * squashed * Slope(output), atGates, i + (4 * d));
            Put(c * forgetLeft, atLeftC, i);
            Put(c * forgetRight, atRightC, i);
        }
    }

    /// <summary>A step of the leaves' LSTM; its gates input, forget, new and output [4d] take the place of W x.</summary>
    /// <param name="d">The size.</param>
    /// <param name="gates">In: W x. Out: the gates.</param>
    /// <param name="recurrent">U h of the symbol before.</param>
    /// <param name="bias">[4d].</param>
    /// <param name="previousC">c of the symbol before.</param>
    /// <param name="h">h.</param>
    /// <param name="c">c.</param>
    /// <param name="squashed">tanh(c).</param>
    internal static void Step(int d, T* gates, T* recurrent, T* bias, T* previousC, T* h, T* c, T* squashed)
    {
        for (var i = 0; i < d; i += Vector512<T>.Count)
        {
            var input = Sigmoid(Sum(gates, recurrent, bias, i));
            var forget = Sigmoid(Sum(gates, recurrent, bias, i + d));
            var fresh = Tanh(Sum(gates, recurrent, bias, i + (2 * d)));
            var output = Sigmoid(Sum(gates, recurrent, bias, i + (3 * d)));
            var its = (At(previousC, i) * forget) + (fresh * input);
            var tanh = Tanh(its);
            Put(input, gates, i);
            Put(forget, gates, i + d);
            Put(fresh, gates, i + (2 * d));
            Put(output, gates, i + (3 * d));
            Put(its, c, i);
            Put(tanh, squashed, i);
            Put(output * tanh, h, i);
        }
    }

    /// <summary>
    /// The way back through <see cref="Step"/>; the gradient before the gates' functions takes the place of the gates, and what the symbol
    /// before gets is added to it.
    /// </summary>
    internal static void StepBack(int d, T* gates, T* previousC, T* squashed, T* atH, T* atC, T* atPreviousC)
    {
        for (var i = 0; i < d; i += Vector512<T>.Count)
        {
            var (input, forget, fresh, output) = (At(gates, i), At(gates, i + d), At(gates, i + (2 * d)), At(gates, i + (3 * d)));
            var (h, tanh) = (At(atH, i), At(squashed, i));
            var c = At(atC, i) + (h * output * (Vector512<T>.One - (tanh * tanh)));
            Put(c * fresh * Slope(input), gates, i);
            Put(c * At(previousC, i) * Slope(forget), gates, i + d);
            Put(c * input * (Vector512<T>.One - (fresh * fresh)), gates, i + (2 * d));
            Put(h * tanh * Slope(output), gates, i + (3 * d));
            Put(At(atPreviousC, i) + (c * forget), atPreviousC, i);
        }
    }

    /// <summary>⟨x, y⟩.</summary>
    internal static T Dot(int d, T* x, T* y)
    {
        var sum = Vector512<T>.Zero;
        for (var i = 0; i < d; i += Vector512<T>.Count)
            sum = Fused(At(x, i), At(y, i), sum);
        return Vector512.Sum(sum);
    }

    /// <summary>y ← y + factor · x.</summary>
    internal static void Add(int d, T factor, T* x, T* y)
    {
        var its = Vector512.Create(factor);
        for (var i = 0; i < d; i += Vector512<T>.Count)
            Put(Fused(its, At(x, i), At(y, i)), y, i);
    }

    /// <summary>x ← factor · x.</summary>
    internal static void Scale(int d, T factor, T* x)
    {
        for (var i = 0; i < d; i += Vector512<T>.Count)
            Put(At(x, i) * factor, x, i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> At(T* row, int i) => *(Vector512<T>*)(row + i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector512<T> value, T* row, int i) => *(Vector512<T>*)(row + i) = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Sum(T* x, T* y, T* z, int i) => At(x, i) + At(y, i) + At(z, i);

    /// <summary>x y + z, rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Fused(Vector512<T> x, Vector512<T> y, Vector512<T> z) => typeof(T) == typeof(float)
        ? Vector512.FusedMultiplyAdd(x.AsSingle(), y.AsSingle(), z.AsSingle()).As<float, T>()
        : Vector512.FusedMultiplyAdd(x.AsDouble(), y.AsDouble(), z.AsDouble()).As<double, T>();

    /// <summary>The derivative of the logistic function where it is s.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Slope(Vector512<T> s) => s * (Vector512<T>.One - s);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Sigmoid(Vector512<T> x)
    {
        var small = Elementary.Exp(-Vector512.Abs(x));
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<T>.Zero), small, Vector512<T>.One) / (Vector512<T>.One + small);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Tanh(Vector512<T> x)
    {
        var size = Vector512.Abs(x);
        var small = Elementary.Exp(-(size + size));
        var positive = (Vector512<T>.One - small) / (Vector512<T>.One + small);
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<T>.Zero), -positive, positive);
    }

    /// <summary>Where a joined pair lies: its gates input, left forget, right forget, new and output [5d], h, c and tanh(c).</summary>
    internal readonly struct Joined(T* gates, T* h, T* c, T* squashed)
    {
        internal readonly T* Gates = gates;
        internal readonly T* H = h;
        internal readonly T* C = c;
        internal readonly T* Squashed = squashed;
    }
}
