using ScottPlot;

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

    /// <summary>Grey for a name that no registry has: files may come from another version.</summary>
    internal static Color ColorOf(string method) =>
        Index(method) is >= 0 and var index ? Colors[index % Colors.Length] : Color.FromHex("#A0A0A0");

    /// <summary>Solid for reinmax; several curves of a method begin at its own pattern.</summary>
    internal static LinePattern PatternOf(string method, int variant = 0) => Patterns[(Index(method) + variant + 3) % Patterns.Length];

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
        folder.WriteFile($"{name}.png", path => plot.SavePng(path, Width, Height));
        folder.WriteFile($"{name}.svg", path => plot.SaveSvg(path, Width, Height));
    }

    /// <summary>A number that stays with a name; −1 for one that no registry has. An experiment's own are numbered by row.</summary>
    private static int Index(string method) =>
        Array.IndexOf(Published, method) is >= 0 and var place ? place
        : Estimators.All.Any(e => e.Name == method) ? Published.Length + method.Sum(letter => letter)
        : int.TryParse(method, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number - 1  // of a numbered part
        : ExperimentCatalog.All.Select(entry => entry.Methods.Select(m => m.Name).ToList().IndexOf(method))
        .Where(row => row >= 0).FirstOrDefault(-1);
}
