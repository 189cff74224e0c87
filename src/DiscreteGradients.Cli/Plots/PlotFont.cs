using ScottPlot;
using SkiaSharp;

namespace DiscreteGradients.Cli.Plots;

/// <summary>The tool's own font: a machine without fonts, as servers and containers are, would leave every plot without text.</summary>
internal sealed class PlotFont : IFontResolver
{
    internal const string Name = "DejaVu Sans";

    private static readonly Lazy<SKTypeface> Typeface = new(() =>
    {
        using var stream = typeof(PlotFont).Assembly.GetManifestResourceStream("DejaVuSans-Latin.ttf")!;
        return SKTypeface.FromStream(stream);
    });

    /// <summary>For what is drawn without a plot.</summary>
    internal static SKTypeface Face => Typeface.Value;

    private static readonly Lazy<bool> Registered = new(() =>
    {
        Fonts.FontResolvers.Insert(0, new PlotFont());
        return true;
    });

    /// <summary>Sets the font of a plot.</summary>
    internal static void Use(Plot plot)
    {
        _ = Registered.Value;
        plot.Font.Set(Name);
    }

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        fontName == Name ? Typeface.Value : null;

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? Typeface.Value : null;
}
