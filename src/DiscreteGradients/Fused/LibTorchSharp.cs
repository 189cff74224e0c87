using System.Runtime.InteropServices;

namespace DiscreteGradients.Fused;

/// <summary>The C functions by which TorchSharp makes nodes of libtorch's graph.</summary>
/// <remarks>
/// They are TorchSharp's own affair and may change. So they are called only in the version whose source was read, and if all are there.
/// </remarks>
internal static unsafe class LibTorchSharp
{
    private const string Name = nameof(LibTorchSharp);

    private static readonly Version Known = new(0, 107, 0, 0);

    private static readonly string[] Functions =
    [
        nameof(THSAutograd_CSharpNode_ctor), nameof(THSAutograd_CSharpNode_disposeSharedPtr),
        nameof(THSAutograd_CSharpNode_disposeWeakPtr), nameof(THSAutograd_CSharpNode_setNextEdges),
        nameof(THSAutograd_Function_wrapOutputs), nameof(THSAutograd_SavedVariable_ctor), nameof(THSAutograd_SavedVariable_dispose),
        nameof(THSAutograd_SavedVariable_unpack), nameof(THSTensor_dispose), nameof(THSTorch_get_and_reset_last_err),
    ];

    /// <summary>Whether the functions may be called.</summary>
    internal static bool IsKnown { get; } = typeof(torch).Assembly.GetName().Version == Known && Find();

    /// <summary>Throws the last function's error as TorchSharp would.</summary>
    internal static void Check()
    {
        var error = THSTorch_get_and_reset_last_err();
        if (error == 0)
            return;
#pragma warning disable CA2201 // It is what TorchSharp throws, and what callers catch.
        throw new ExternalException(Marshal.PtrToStringAnsi(error));
#pragma warning restore CA2201
    }

    [DllImport(Name)]
    internal static extern Node THSAutograd_CSharpNode_ctor(nint apply, nint delete);

    [DllImport(Name)]
    internal static extern void THSAutograd_CSharpNode_disposeSharedPtr(Node node);

    [DllImport(Name)]
    internal static extern void THSAutograd_CSharpNode_disposeWeakPtr(Node node);

    [DllImport(Name)]
    internal static extern void THSAutograd_CSharpNode_setNextEdges(Node node, Handles inputs, byte isExecutable);

    [DllImport(Name)]
    internal static extern void THSAutograd_Function_wrapOutputs(
        Handles inputs, Handles nonDifferentiable, Handles dirty, Handles outputs, Node node,
        delegate* unmanaged[Cdecl]<nuint, nint*> room);

    [DllImport(Name)]
    internal static extern nint THSAutograd_SavedVariable_ctor(nint tensor, Node node, byte isInplaceOnView);

    [DllImport(Name)]
    internal static extern void THSAutograd_SavedVariable_dispose(nint saved);

    [DllImport(Name)]
    internal static extern nint THSAutograd_SavedVariable_unpack(nint saved, Node node);

    [DllImport(Name)]
    internal static extern void THSTensor_dispose(nint tensor);

    [DllImport(Name)]
    private static extern nint THSTorch_get_and_reset_last_err();

    /// <summary>The same file that TorchSharp has loaded, looked for as it looks.</summary>
    private static bool Find()
    {
        if (!NativeLibrary.TryLoad(Name, typeof(torch).Assembly, null, out var library))
            return false;
        NativeLibrary.SetDllImportResolver(typeof(LibTorchSharp).Assembly, (name, _, _) => name == Name ? library : 0);
        return Array.TrueForAll(Functions, function => NativeLibrary.TryGetExport(library, function, out _));
    }

    /// <summary>Pointers to a node: one keeps it alive, one finds it as long as it is.</summary>
    internal readonly record struct Node(nint Shared, nint Weak);

    /// <summary>An array of tensors' handles.</summary>
    internal readonly record struct Handles(nint Start, long Count);
}
