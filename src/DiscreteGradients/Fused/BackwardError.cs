using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace DiscreteGradients.Fused;

/// <summary>Carries an error over the native frames between an operation's backward and the caller's <c>backward()</c>.</summary>
/// <remarks>
/// libtorch is handed gradients of a shape that no input has. It refuses them, and TorchSharp throws that refusal in the caller; its
/// message, which says nothing of the cause, is replaced by the cause's at the moment it is thrown.
/// </remarks>
internal static class BackwardError
{
    private const string Refusal = "returned an invalid gradient";

    /// <summary>A gradient of a shape that no input has. Made before anything fails: then there may be no memory for it.</summary>
    internal static Tensor Impossible { get; } = zeros([]).DetachFromDisposeScope();

    [ThreadStatic]
    private static Exception? _cause;

    /// <summary>To be called when an operation is recorded.</summary>
    internal static void GetReady() => GC.KeepAlive(Impossible);

    /// <summary>The cause takes the place of libtorch's refusal of <see cref="Impossible"/> gradients, which are to be returned.</summary>
    internal static Tensor Raise(Exception cause)
    {
        if (_cause is null)
            AppDomain.CurrentDomain.FirstChanceException += Explain;
        _cause = cause;
        return Impossible;
    }

    private static void Explain(object? sender, FirstChanceExceptionEventArgs e)
    {
        if (_cause is not { } cause || e.Exception is not ExternalException thrown
            || !thrown.Message.Contains(Refusal, StringComparison.Ordinal))
            return;

        _cause = null;
        AppDomain.CurrentDomain.FirstChanceException -= Explain;
        try
        {
            MessageOf(thrown) = cause.Message;
            CauseOf(thrown) = cause;
        }
        catch (MissingFieldException)  // of another .NET: the refusal stands, and the cause with it
        {
            thrown.Data[nameof(cause)] = cause;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_message")]
    private static extern ref string? MessageOf(Exception exception);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_innerException")]
    private static extern ref Exception? CauseOf(Exception exception);
}
