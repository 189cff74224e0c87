using ScottPlot;
using SkiaSharp;

namespace DiscreteGradients.Cli.Plots;

/// <summary>The look of every plot.</summary>
internal static class PlotStyle
{
    private const int Width = 1200;
    private const int Height = 750;

    /// <summary>Distinct with any colour vision (after Okabe and Ito).</summary>
    private static readonly Color[] Colors =
    [
        Color.FromHex("#000000"), Color.FromHex("#D55E00"), Color.FromHex("#CC79A7"), Color.FromHex("#0072B2"), Color.FromHex("#56B4E9"),
        Color.FromHex("#009E73"), Color.FromHex("#E69F00"), Color.FromHex("#8C6D31"), Color.FromHex("#7F7F7F"), Color.FromHex("#5E3C99"),
    ];

    /// <summary>The estimators of the figures in docs/, which keep their look when others join the registry.</summary>
    private static readonly string[] Published =
    [
        "exact", "reinmax", "reinmax-uniform", "st", "st-gumbel", "gumbel-rao", "gst-1.0", "gst-p", "reinforce", "rloo", "disarm", "arms",
        "disarm-sb", "disarm-iw", "carms", "unordered-set", "sum-and-sample",
        "reinforce-baseline", "double-cv", "rodeo", "muprop", "rebar", "relax",
    ];

    private static readonly LinePattern[] Patterns = [LinePattern.Solid, LinePattern.DenselyDashed, LinePattern.Dotted, LinePattern.Dashed];

    /// <summary>For what an experiment compares and no estimator is: all but ReinMax's, straight-through's and grey.</summary>
    private static readonly int[] OwnColors = [0, 4, 9, 6, 5, 2, 7];

    /// <summary>For controls and baselines, with patterns that nothing else has.</summary>
    private static readonly Color[] Greys = [Color.FromHex("#505050"), Color.FromHex("#858585"), Color.FromHex("#ADADAD")];

    private static readonly LinePattern[] GreyPatterns =
    [
        new([12, 4, 2, 4], 0, "dash, dot"), new([16, 5], 0, "long dashes"), new([3, 6], 0, "sparse dots"),
        new([12, 4, 2, 4, 2, 4], 0, "dash, two dots"),
    ];

    internal static Plot Create(string title, string x, string y)
    {
        var plot = new Plot();
        plot.Title(title, size: title.Length <= 70 ? 20 : 15);
        plot.XLabel(x, size: 17);
        plot.YLabel(y, size: 17);
        PlotFont.Use(plot);
        foreach (var axis in (IAxis[])[plot.Axes.Left, plot.Axes.Bottom])
        {
            axis.Label.Bold = false;
            axis.TickLabelStyle.FontSize = 14;
            axis.MinorTickStyle.Length = 0;
        }

        plot.Axes.Title.Label.Bold = false;
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { TickDensity = 0.45 };
        plot.Axes.Left.MinimumSize = 100;
        plot.Axes.Left.Label.OffsetX = 8;
        plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.Grid.MajorLineColor = Color.FromHex("#E6E6E6");
        return plot;
    }

    /// <summary>
    /// The look of a method, or of a numbered part: an estimator's is its own everywhere, and solid for reinmax; what else an experiment
    /// compares has one that no estimator has; controls and baselines are thin and grey, like a name that no registry has.
    /// </summary>
    /// <param name="variant">Which of several curves of the method: they share its colour.</param>
    internal static Look LookOf(string method, int variant = 0)
    {
        if (EstimatorIndex(method) is { } index)
            return new Look(Colors[index % Colors.Length], Pattern(index + 3 + variant), 2.5f);
        foreach (var entry in ExperimentCatalog.All)
        {
            var own = entry.Methods.Where(m => EstimatorIndex(m.Name) is null).ToLookup(m => m.IsReference, m => m.Name);
            if (own[false].ToList().IndexOf(method) is >= 0 and var place)
            {
                var color = OwnColors[place % OwnColors.Length];
                var pattern = color + (place / OwnColors.Length * 2);  // of the colour's parity, which no estimator's is
                return new Look(Colors[color], Pattern(pattern + variant), 2.5f);
            }

            if (own[true].ToList().IndexOf(method) is >= 0 and var grey)
                return new Look(Greys[grey % Greys.Length], GreyPatterns[(grey + variant) % GreyPatterns.Length], 2);
        }

        return new Look(Color.FromHex("#A0A0A0"), Pattern(2 + variant), 2.5f);  // files may come from another version

        static LinePattern Pattern(int number) => Patterns[number % Patterns.Length];
    }

    /// <summary>
    /// What the looks of some curves go by: their names, if they are those of methods or numbers; else, as of the edges of a cell, their
    /// places.
    /// </summary>
    internal static IReadOnlyList<string> LooksOf(IReadOnlyList<string> names) =>
        names.Any(name => EstimatorIndex(name) is not null || ExperimentCatalog.All.Any(e => e.Methods.Any(m => m.Name == name)))
            ? names
            : [.. Enumerable.Range(1, names.Count).Select(place => $"{place}")];

    /// <summary>The ticks of an axis that shows decimal logarithms of these values.</summary>
    internal static ScottPlot.TickGenerators.NumericManual LogTicks(IEnumerable<double> values, string format) =>
        new([.. values.Select(Math.Log10)], [.. values.Select(value => value.ToString(format, CultureInfo.InvariantCulture))]);

    internal static void LegendAtTheRight(Plot plot)
    {
        var legend = plot.ShowLegend(Edge.Right).Legend;
        legend.OutlineWidth = 0;
        legend.ShadowColor = ScottPlot.Colors.Transparent;
        legend.FontSize = 15;
        legend.SymbolWidth = 44;
    }

    internal static void Save(Plot plot, OutputFolder folder, string name) => SaveInPlace(plot, folder, $"plots/{name}");

    /// <summary>Without a folder for plots.</summary>
    internal static void SaveInPlace(Plot plot, OutputFolder folder, string name)
    {
        folder.WriteFile($"{name}.png", path => File.WriteAllBytes(path, Png(plot)));
        folder.WriteFile($"{name}.svg", path => plot.SaveSvg(path, Width, Height));
    }

    private static byte[] Png(Plot plot)
    {
        using var surface = SKSurface.Create(new SKImageInfo(Width, Height, SKColorType.Rgba8888))
            ?? throw new InsufficientMemoryException();
        plot.Render(surface.Canvas, Width, Height);
        using var pixels = surface.PeekPixels();
        return PictureFile.Encode(pixels);
    }

    /// <summary>A number that stays with the name of an estimator or of a numbered part; null for other names.</summary>
    private static int? EstimatorIndex(string name) =>
        Array.IndexOf(Published, name) is >= 0 and var place ? place
        : Estimators.All.Any(e => e.Name == name) ? Published.Length + name.Sum(letter => letter)
        : int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number - 1
        : null;
}

/// <summary>How a curve is drawn.</summary>
internal readonly record struct Look(Color Color, LinePattern Pattern, float Width);
