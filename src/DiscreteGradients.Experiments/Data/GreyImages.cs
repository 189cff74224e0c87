using System.Numerics;
using System.Runtime.InteropServices;

namespace DiscreteGradients.Experiments;

/// <summary>Images in memory once, as bytes, handed out as tensors of grey values from 0 to 1.</summary>
internal sealed class GreyImages(byte[] pixels)
{
    internal int Count => pixels.Length / ImageData.Pixels;

    /// <summary>The images of these numbers [N, 784].</summary>
    internal Tensor Take(ReadOnlySpan<long> numbers)
    {
        var images = empty([numbers.Length, ImageData.Pixels], ScalarType.Float32);
        var to = MemoryMarshal.Cast<byte, float>(images.bytes);
        foreach (var number in numbers)
        {
            Convert(Bytes((int)number, 1), to);
            to = to[ImageData.Pixels..];
        }

        return images;
    }

    /// <summary>Images in a row [N, 784].</summary>
    internal Tensor Take(int first, int count)
    {
        var images = empty([count, ImageData.Pixels], ScalarType.Float32);
        Convert(Bytes(first, count), MemoryMarshal.Cast<byte, float>(images.bytes));
        return images;
    }

    /// <summary>
    /// The images of these numbers, each pixel 1 with the probability of its grey value, else 0 [N, 784]: a function of noise and number.
    /// </summary>
    internal Tensor TakeBinary(ReadOnlySpan<long> numbers, Noise noise)
    {
        var images = zeros([numbers.Length, ImageData.Pixels], ScalarType.Float32);
        var to = MemoryMarshal.Cast<byte, float>(images.bytes);
        foreach (var number in numbers)
        {
            var bytes = Bytes((int)number, 1);
            for (var i = 0; i < bytes.Length; i++)
            {
                if (bytes[i] == byte.MaxValue
                    || (bytes[i] > 0 && noise.Uniform((number * ImageData.Pixels) + i) * byte.MaxValue < bytes[i]))
                    to[i] = 1;
            }

            to = to[ImageData.Pixels..];
        }

        return images;
    }

    internal ReadOnlySpan<byte> Bytes(int first, int count) => pixels.AsSpan(first * ImageData.Pixels, count * ImageData.Pixels);

    private static void Convert(ReadOnlySpan<byte> bytes, Span<float> to)
    {
        var vectors = MemoryMarshal.Cast<byte, Vector<byte>>(bytes);
        var results = MemoryMarshal.Cast<float, Vector<float>>(to);
        for (var i = 0; i < vectors.Length; i++)
        {
            Vector.Widen(vectors[i], out var low, out var high);
            Vector.Widen(low, out var first, out var second);
            Vector.Widen(high, out var third, out var fourth);
            results[4 * i] = Vector.ConvertToSingle(first) / new Vector<float>(255);
            results[(4 * i) + 1] = Vector.ConvertToSingle(second) / new Vector<float>(255);
            results[(4 * i) + 2] = Vector.ConvertToSingle(third) / new Vector<float>(255);
            results[(4 * i) + 3] = Vector.ConvertToSingle(fourth) / new Vector<float>(255);
        }

        for (var i = vectors.Length * Vector<byte>.Count; i < bytes.Length; i++)
            to[i] = bytes[i] / 255f;
    }
}
