namespace DiscreteGradients.Experiments;

/// <summary>A drawing made after an epoch, of cells, lines and words; written as PNG, SVG and text.</summary>
/// <param name="Text">The same for a terminal.</param>
public sealed record Sketch(
    string Name, int Width, int Height, IReadOnlyList<SketchLine> Lines, IReadOnlyList<SketchWord> Words, string Text)
{
    /// <summary>What lies under lines and words.</summary>
    public IReadOnlyList<SketchCell> Cells { get; init; } = [];
}

/// <summary>A filled rectangle, in pixels from the upper left corner.</summary>
/// <param name="Shade">From 0, which is white, to 1.</param>
public sealed record SketchCell(double X, double Y, double Width, double Height, double Shade);

/// <summary>A line from one point to another, in pixels from the upper left corner.</summary>
/// <param name="IsStrong">Whether it is what the drawing is about, or what that is compared with.</param>
public sealed record SketchLine(double FromX, double FromY, double ToX, double ToY, bool IsStrong)
{
    /// <summary>Such as <c>#D55E00</c>; null for that of its strength.</summary>
    public string? Color { get; init; }

    /// <summary>In pixels.</summary>
    public double Width { get; init; } = 2;
}

/// <summary>A word on a base line.</summary>
/// <param name="IsCentred">Whether the point is its middle, or its left end.</param>
public sealed record SketchWord(double X, double Y, string Text, bool IsCentred)
{
    /// <summary>Such as <c>#D55E00</c>; null for black.</summary>
    public string? Color { get; init; }
}
