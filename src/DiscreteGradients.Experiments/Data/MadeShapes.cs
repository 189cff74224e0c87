using System.Security.Cryptography;

namespace DiscreteGradients.Experiments;

/// <summary>
/// Coloured shapes drawn by code, so that a classifier of images can be trained on a machine without data. Accuracies on them cannot be
/// compared with anything published.
/// </summary>
/// <remarks>
/// The class is the shape; its place, size and colour, the ground's colour and the noise are drawn at random. Only +, −, ×, ÷ and √ are
/// used, so that every machine draws the same bytes.
/// </remarks>
internal static class MadeShapes
{
    /// <summary>What a user can do without a published set.</summary>
    internal const string Remedy = $"use --dataset {Name}, which is drawn by code";

    internal const string Name = "made-shapes";
    private const int Side = 16;
    private const int Channels = 3;
    private const int Train = 10_000;
    private const int Test = 2_000;

    private static readonly string[] Classes =
        ["disc", "ring", "square", "frame", "triangle", "plus", "cross", "rows", "columns", "chequers"];

    /// <summary>All of them with their sha256, drawn once for all runs of a process.</summary>
    private static readonly Lazy<(LabelledImages Images, string Sha256)> Whole = new(() =>
    {
        var images = Draw();
        return (images, Convert.ToHexStringLower(SHA256.HashData(
            [.. images.Train.Pixels, .. images.Train.Labels, .. images.Test.Pixels, .. images.Test.Labels])));
    });

    internal static DataSet<LabelledImages> Set { get; } = new(
        Name,
        "Coloured shapes drawn by code.",
        [
            new DataFile(
                Name, (Train + Test) * (1 + (Channels * Side * Side)), "2a478b3cce275c9c4e77609b51b5b4ea4c5e42eb2109d8318d836374932789e8"),
        ],
        ImageData.Parts(Train, Test),
        files => Checked(files[0].File))
    {
        IsDrawn = true,
        Caveat = "drawn by code; accuracies on it cannot be compared with anything published.",
    };

    /// <summary>Shapes 0, 1, …, 9, 0, … in turn, so that every ten images hold one of each.</summary>
    internal static LabelledImages Draw(int train = Train, int test = Test, ulong seed = 1) =>
        new(Name, Channels, Side, Classes, Part(train, new SplitMix(seed)), Part(test, new SplitMix(~seed)));

    private static LabelledImages Checked(DataFile expected) => Whole.Value.Sha256 == expected.Sha256
        ? Whole.Value.Images
        : throw new OptionException(
            $"'{Name}' comes out differently on this machine: the sha256 of its bytes must be {expected.Sha256}; "
            + $"got {Whole.Value.Sha256}.");

    private static LabelledPart Part(int count, SplitMix noise)
    {
        var size = Channels * Side * Side;
        var part = new LabelledPart(new byte[count * size], new byte[count]);
        for (var i = 0; i < count; i++)
        {
            part.Labels[i] = (byte)(i % Classes.Length);
            DrawOne(part.Labels[i], noise, part.Pixels.AsSpan(i * size, size));
        }

        return part;
    }

    private static void DrawOne(int shape, SplitMix noise, Span<byte> image)
    {
        var (x, y, radius) = (noise.Uniform(5.5f, 10.5f), noise.Uniform(5.5f, 10.5f), noise.Uniform(3.5f, 5.5f));
        Span<float> figure = stackalloc float[Channels], ground = stackalloc float[Channels];
        var contrast = 0f;
        while (contrast < 90)  // apart enough to be seen through the noise
        {
            contrast = 0;
            for (var channel = 0; channel < Channels; channel++)
            {
                (figure[channel], ground[channel]) = (noise.Uniform(0, 255), noise.Uniform(0, 255));
                contrast = Math.Max(contrast, Math.Abs(figure[channel] - ground[channel]));
            }
        }

        for (var row = 0; row < Side; row++)
        {
            for (var column = 0; column < Side; column++)
            {
                var ink = Ink(shape, (column + .5f - x) / radius, (row + .5f - y) / radius, radius);
                for (var channel = 0; channel < Channels; channel++)
                {
                    var value = ground[channel] + (ink * (figure[channel] - ground[channel])) + noise.Uniform(-30, 30);
                    image[(channel * Side * Side) + (row * Side) + column] = (byte)Math.Clamp(value, 0, 255);
                }
            }
        }
    }

    /// <summary>1 inside a shape that fills the square from −1 to 1, 0 outside, and between within a pixel of its edge.</summary>
    private static float Ink(int shape, float x, float y, float radius)
    {
        var (across, down) = (Math.Abs(x), Math.Abs(y));
        var (circle, square) = (MathF.Sqrt((x * x) + (y * y)), Math.Max(across, down));
        var bars = Math.Min(across, down);
        var diagonals = Math.Min(Math.Abs(x - y), Math.Abs(x + y)) / 1.4f;
        var inside = shape switch
        {
            0 => 1 - circle,
            1 => Math.Min(1 - circle, circle - .5f),
            2 => .9f - square,
            3 => Math.Min(.9f - square, square - .5f),
            4 => Math.Min(.8f - y, ((y + 1) / 2) - across),
            5 => Math.Min(1 - square, .3f - bars),
            6 => Math.Min(1 - square, .3f - diagonals),
            7 => Math.Min(1 - square, Stripe(y)),
            8 => Math.Min(1 - square, Stripe(x)),
            _ => Math.Min(1 - square, Stripe(x) > 0 == Stripe(y) > 0 ? 1 : -1),
        };
        return Math.Clamp((inside * radius) + .5f, 0, 1);
    }

    /// <summary>Positive on every other of stripes that are two thirds wide.</summary>
    private static float Stripe(float at)
    {
        var place = (at + 5) / (4 / 3f);
        place -= (int)place;
        return (place < .5f ? Math.Min(place, .5f - place) : -Math.Min(place - .5f, 1 - place)) * 4 / 3;
    }
}
