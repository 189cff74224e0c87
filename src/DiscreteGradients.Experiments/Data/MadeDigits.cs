using System.Security.Cryptography;

namespace DiscreteGradients.Experiments;

/// <summary>
/// Digits drawn by code, so that everything runs on a machine without data. They are not handwritten, and their name says so; losses on
/// them cannot be compared with anything published.
/// </summary>
/// <remarks>
/// Each digit is a polyline through a few points, slanted, scaled, moved and thickened at random. Only +, −, ×, ÷ and √ are used, so that
/// every machine draws the same bytes.
/// </remarks>
internal static class MadeDigits
{
    /// <summary>What a user can do without a published set.</summary>
    internal const string Remedy = $"use --dataset {Name}, which is drawn by code";

    private const string Name = "made-digits";
    private const int Train = 3000;
    private const int Test = 500;

    /// <summary>Points (x, y) of the strokes, x to the right and y downwards in a unit square; a stroke ends where a null stands.</summary>
    private static readonly (float X, float Y)?[][] Strokes =
    [
        [(.5f, 0), (.8f, .15f), (.9f, .5f), (.8f, .85f), (.5f, 1), (.2f, .85f), (.1f, .5f), (.2f, .15f), (.5f, 0)],
        [(.3f, .2f), (.55f, 0), (.55f, 1)],
        [(.15f, .2f), (.35f, .02f), (.65f, .02f), (.85f, .25f), (.7f, .5f), (.1f, 1), (.9f, 1)],
        [(.15f, .1f), (.5f, 0), (.8f, .2f), (.7f, .42f), (.4f, .48f), (.75f, .58f), (.88f, .78f), (.6f, 1), (.12f, .9f)],
        [(.6f, 0), (.1f, .65f), (.95f, .65f), null, (.68f, .35f), (.68f, 1)],
        [(.85f, 0), (.25f, 0), (.2f, .45f), (.55f, .38f), (.85f, .6f), (.75f, .9f), (.45f, 1), (.12f, .9f)],
        [(.7f, 0), (.35f, .25f), (.15f, .65f), (.3f, .95f), (.6f, 1), (.82f, .8f), (.7f, .55f), (.4f, .52f), (.18f, .7f)],
        [(.1f, 0), (.9f, 0), (.4f, 1), null, (.35f, .5f), (.8f, .5f)],
        [(.5f, .47f), (.22f, .27f), (.35f, .03f), (.65f, .03f), (.78f, .27f), (.5f, .47f),
            (.15f, .73f), (.3f, .98f), (.7f, .98f), (.85f, .73f), (.5f, .47f)],
        [(.82f, .3f), (.6f, .48f), (.3f, .42f), (.2f, .18f), (.45f, 0), (.75f, .08f), (.82f, .3f), (.78f, .7f), (.6f, 1)],
    ];

    /// <summary>All of them with their sha256, drawn once for all runs of a process.</summary>
    private static readonly Lazy<(ImageData Images, string Sha256)> Whole = new(() =>
    {
        var images = Draw();
        return (images, Convert.ToHexStringLower(SHA256.HashData([.. images.Train, .. images.Test])));
    });

    internal static DataSet<ImageData> Set { get; } = new(
        Name,
        "Digits drawn by code.",
        [new DataFile(Name, (Train + Test) * ImageData.Pixels, "20d3354937636dee3c8b286e8edb93edb7a1069cc75a5b3a328c0b97c8f7a688")],
        ImageData.Parts(Train, Test),
        files => Checked(files[0].File))
    {
        IsDrawn = true,
        Caveat = "drawn by code, not handwritten; losses on it cannot be compared with anything published.",
    };

    /// <summary>Digits 0, 1, …, 9, 0, … in turn, so that every ten images hold one of each.</summary>
    internal static ImageData Draw(int train = Train, int test = Test, ulong seed = 1) =>
        new(Name, Images(train, new SplitMix(seed)), Images(test, new SplitMix(~seed)));

    private static ImageData Checked(DataFile expected) => Whole.Value.Sha256 == expected.Sha256
        ? Whole.Value.Images
        : throw new OptionException(
            $"'{Name}' comes out differently on this machine: the sha256 of its pixels must be {expected.Sha256}; "
            + $"got {Whole.Value.Sha256}.");

    private static byte[] Images(int count, SplitMix noise)
    {
        var pixels = new byte[count * ImageData.Pixels];
        for (var i = 0; i < count; i++)
            DrawOne(Strokes[i % Strokes.Length], noise, pixels.AsSpan(i * ImageData.Pixels, ImageData.Pixels));
        return pixels;
    }

    private static void DrawOne((float X, float Y)?[] strokes, SplitMix noise, Span<byte> image)
    {
        var (width, height) = (noise.Uniform(9, 14), noise.Uniform(16, 20));
        var (left, top) = (14 - width / 2 + noise.Uniform(-1.5f, 1.5f), 14 - height / 2 + noise.Uniform(-1.5f, 1.5f));
        var (slant, radius) = (noise.Uniform(-.1f, .4f), noise.Uniform(.9f, 1.7f));
        var points = new (float X, float Y)?[strokes.Length];
        for (var i = 0; i < points.Length; i++)
        {
            if (strokes[i] is var (x, y))
            {
                x += noise.Uniform(-.04f, .04f);
                y += noise.Uniform(-.04f, .04f);
                points[i] = (left + width * x + slant * height * (.5f - y), top + height * y);
            }
        }

        for (var i = 1; i < points.Length; i++)
        {
            if (points[i - 1] is { } from && points[i] is { } to)
                DrawLine(from, to, radius, image);
        }
    }

    /// <summary>Ink 255 within the radius of the line, falling to 0 over one pixel.</summary>
    private static void DrawLine((float X, float Y) from, (float X, float Y) to, float radius, Span<byte> image)
    {
        var (dx, dy) = (to.X - from.X, to.Y - from.Y);
        var length = Math.Max(dx * dx + dy * dy, 1e-6f);
        var reach = radius + 1;
        for (var y = Inside(Math.Min(from.Y, to.Y) - reach); y <= Inside(Math.Max(from.Y, to.Y) + reach); y++)
        {
            for (var x = Inside(Math.Min(from.X, to.X) - reach); x <= Inside(Math.Max(from.X, to.X) + reach); x++)
            {
                var along = Math.Clamp(((x - from.X) * dx + (y - from.Y) * dy) / length, 0, 1);
                var (ex, ey) = (x - from.X - along * dx, y - from.Y - along * dy);
                var ink = (byte)(255 * Math.Clamp(radius + .5f - MathF.Sqrt(ex * ex + ey * ey), 0, 1));
                ref var pixel = ref image[y * ImageData.Side + x];
                pixel = Math.Max(pixel, ink);
            }
        }
    }

    private static int Inside(float coordinate) => Math.Clamp((int)coordinate, 0, ImageData.Side - 1);
}
