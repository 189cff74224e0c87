using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static DiscreteGradients.Fused.LibTorchSharp;

namespace DiscreteGradients.Fused;

/// <summary>
/// A node of libtorch's graph that calls a <see cref="FusedFunction"/> on the way back. It uses the C functions that TorchSharp's own
/// custom functions are made of, without what these do besides, which takes longer than a short kernel.
/// </summary>
/// <remarks>
/// libtorch calls a node by a function pointer and says no more. So every node has pointers of its own; they are dear, and a node that
/// libtorch has deleted is used again.
/// </remarks>
internal sealed unsafe class AutogradNode
{
    private static readonly Stack<AutogradNode> Free = [];

    /// <summary>All there are: libtorch's pointers keep no object alive.</summary>
    private static readonly List<AutogradNode> All = [];

    /// <summary>Where libtorch finds handles when we have returned, or puts them; pinned.</summary>
    [ThreadStatic]
    private static nint[]? _place;

    /// <summary>What deleted nodes had saved. It is let go one by one: that may delete a node, and so on down a deep graph.</summary>
    [ThreadStatic]
    private static Stack<nint>? _orphans;

    [ThreadStatic]
    private static bool _lettingGo;

    private readonly ApplyCallback _apply;
    private readonly DeleteCallback _delete;
    private readonly nint _applyPointer;
    private readonly nint _deletePointer;
    private Node _native;
    private FusedFunction _function = null!;
    private object? _data;
    private int _inputs;
    private nint[] _saved = [];

    private AutogradNode()
    {
        (_apply, _delete) = (Apply, Delete);
        _applyPointer = Marshal.GetFunctionPointerForDelegate(_apply);
        _deletePointer = Marshal.GetFunctionPointerForDelegate(_delete);
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate Handles ApplyCallback(nint* upstream, int count);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void DeleteCallback();

    /// <summary>Makes the result a function of the inputs. Saved are the inputs and what is kept.</summary>
    internal static void Record(
        FusedFunction function, ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor?> kept, object? data, Tensor result)
    {
        var edges = stackalloc nint[inputs.Length];
        for (var i = 0; i < inputs.Length; i++)
            edges[i] = inputs[i].Handle;
        var (from, output) = (new Handles((nint)edges, inputs.Length), result.Handle);
        var node = Take();
        (node._function, node._data, node._inputs) = (function, data, inputs.Length);
        node._native = THSAutograd_CSharpNode_ctor(node._applyPointer, node._deletePointer);
        Check();
        try
        {
            THSAutograd_CSharpNode_setNextEdges(node._native, from, 1);
            Check();
            THSAutograd_Function_wrapOutputs(from, default, default, new((nint)(&output), 1), node._native, &Room);
            Check();
            THSTensor_dispose(*Place(1));  // another handle of the result
            node.Save(inputs, kept);
        }
        finally
        {
            THSAutograd_CSharpNode_disposeSharedPtr(node._native);  // the result holds the node, or nothing does and it is deleted
        }
    }

    private static AutogradNode Take()
    {
        lock (All)
        {
            if (!Free.TryPop(out var node))
                All.Add(node = new AutogradNode());
            return node;
        }
    }

    /// <summary>libtorch's way: it notices what is changed in place, and a result that is saved does not hold itself.</summary>
    private void Save(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor?> kept)
    {
        if (_saved.Length != inputs.Length + kept.Length)
            _saved = new nint[inputs.Length + kept.Length];
        for (var i = 0; i < _saved.Length; i++)
        {
            if ((i < inputs.Length ? inputs[i] : kept[i - inputs.Length]) is not { } tensor)
                continue;
            _saved[i] = THSAutograd_SavedVariable_ctor(tensor.Handle, _native, 0);
            Check();
            GC.KeepAlive(tensor);
        }
    }

    /// <summary>Called by libtorch: the gradients at the inputs, which it reads at once. No exception leaves.</summary>
    private Handles Apply(nint* upstream, int count)
    {
        var gradients = new Tensor?[_inputs];
        try
        {
            Memory.ReleaseHandedOver();
            if (upstream[0] != 0)  // else nothing downstream depends on the result
            {
                using var scope = NewDisposeScope();
                var given = Tensor.UnsafeCreateTensor(upstream[0]);
                gradients = _function.Backward(_data, Unpacked(), given);
                foreach (var gradient in gradients)
                    Memory.HandOver(gradient);
            }
        }
#pragma warning disable CA1031 // Whatever it is, it must not leave.
        catch (Exception e)
#pragma warning restore CA1031
        {
            gradients = [.. Enumerable.Repeat(BackwardError.Raise(e), _inputs)];
        }

        var handles = Place(_inputs);
        for (var i = 0; i < _inputs; i++)
            handles[i] = gradients[i]?.Handle ?? 0;
        return new((nint)handles, _inputs);
    }

    private List<Tensor> Unpacked()
    {
        var tensors = new List<Tensor>(_saved.Length);
        foreach (var saved in _saved)
        {
            var tensor = saved == 0 ? 0 : THSAutograd_SavedVariable_unpack(saved, _native);
            Check();
            tensors.Add(saved == 0 ? null! : Tensor.UnsafeCreateTensor(tensor));
        }

        return tensors;
    }

    /// <summary>Called by libtorch when the graph is gone, on any thread.</summary>
    private void Delete()
    {
        var orphans = _orphans ??= [];
        foreach (ref var saved in _saved.AsSpan())
        {
            if (saved != 0)
                orphans.Push(saved);
            saved = 0;
        }

        THSAutograd_CSharpNode_disposeWeakPtr(_native);
        (_data as IDisposable)?.Dispose();
        _data = null;
        lock (All)
            Free.Push(this);
        if (_lettingGo)
            return;
        _lettingGo = true;
        while (orphans.TryPop(out var saved))
            THSAutograd_SavedVariable_dispose(saved);
        _lettingGo = false;
    }

    private static nint* Place(int count)
    {
        if (_place is null || _place.Length < count)
            _place = GC.AllocateArray<nint>(Math.Max(count, 8), pinned: true);
        return (nint*)Unsafe.AsPointer(ref _place[0]);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint* Room(nuint count) => Place((int)count);
}
