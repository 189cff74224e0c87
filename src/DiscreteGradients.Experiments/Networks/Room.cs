using System.Numerics;
using DiscreteGradients.Fused;

namespace DiscreteGradients.Experiments;

/// <summary>Rows of numbers whose memory is kept from call to call: fresh pages would cost as much as what is computed in them.</summary>
/// <param name="width">Numbers in a row.</param>
internal sealed unsafe class Room<T>(int width) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Tensor? _rows;
    private T* _start;

    internal int Width => width;

    /// <summary>Where a row begins.</summary>
    internal T* this[int row] => _start + ((long)row * width);

    internal Span<T> Row(int row) => new(this[row], width);

    internal Span<T> Span(int rows) => new(_start, rows * width);

    /// <summary>The rows as a tensor.</summary>
    internal Tensor Rows(int first, int count) => _rows!.narrow(0, first, count);

    /// <summary>Makes room for so many rows. What was in them is lost if they are more than ever before; new memory holds zeros.</summary>
    internal void Hold(int rows)
    {
        if (_rows?.shape[0] >= rows)
            return;
        _rows?.Dispose();
        _rows = zeros([rows, width], typeof(T) == typeof(double) ? ScalarType.Float64 : ScalarType.Float32).DetachFromDisposeScope();
        _start = Memory.Address<T>(_rows);
    }

    public void Dispose() => _rows?.Dispose();
}
