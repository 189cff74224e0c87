namespace DiscreteGradients.Cli.Plots;

/// <summary>A drawing in a file that a user names: the ending says what it is.</summary>
internal static class CellDrawing
{
    /// <exception cref="OptionException">It has another ending, or is there already.</exception>
    internal static void Check(string path)
    {
        if (Path.GetExtension(path).ToLowerInvariant() is not (".png" or ".svg"))
            throw new OptionException($"--draw must be a file that ends with .png or .svg; got '{path}'.");
        if (Path.Exists(path))
            throw new OptionException($"--draw must be a new file; '{path}' is there already. Name another or remove it.");
    }

    /// <exception cref="OptionException">It cannot be written.</exception>
    internal static void Write(string path, Sketch sketch)
    {
        try
        {
            File.WriteAllBytes(path, Path.GetExtension(path).Equals(".svg", StringComparison.OrdinalIgnoreCase)
                ? SketchFile.Svg(sketch)
                : SketchFile.Png(sketch));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new OptionException($"--draw must be a file that can be written; '{path}' cannot: {e.Message.TrimEnd('.')}.");
        }
    }
}
