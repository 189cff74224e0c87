using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>Draws which characters go to which expert: for each layer a table of experts by characters.</summary>
internal static class CharacterSketch
{
    private const int MostCharacters = 80;
    private const int Named = 10;
    private const int CellWidth = 15;
    private const int CellHeight = 18;
    private const int Left = 80;
    private const int Margin = 24;

    /// <summary>A character that is rarer than this says little of an expert.</summary>
    private const double Rare = 1e-3;

    /// <param name="characters">What the columns are of.</param>
    /// <param name="counts">For each layer, how often an expert got a character [experts, characters].</param>
    internal static Sketch Draw(IReadOnlyList<string> characters, IReadOnlyList<long[,]> counts)
    {
        var (cells, words, text) = (new List<SketchCell>(), new List<SketchWord>(), new StringBuilder());
        var totals = Enumerable.Range(0, characters.Count).Select(c => Column(counts[0], c).Sum()).ToArray();
        int[] shown = [.. Enumerable.Range(0, characters.Count).OrderByDescending(c => totals[c]).Take(MostCharacters).Order()];
        var y = Margin;
        foreach (var (layer, its) in counts.Index())
        {
            words.Add(new SketchWord(Margin, y, $"layer {layer + 1}: of each character, the share that an expert gets", false));
            words.AddRange(shown.Select((c, i) => new SketchWord(Middle(i), y + Margin, Printable(characters[c]), true)));
            var top = y + Margin + 8;
            for (var expert = 0; expert < its.GetLength(0); expert++)
            {
                words.Add(new SketchWord(Margin, top + (expert * CellHeight) + CellHeight - 4, $"{expert + 1}", false));
                cells.AddRange(shown.Select((c, i) => new SketchCell(
                    Left + (i * CellWidth), top + (expert * CellHeight), CellWidth - 1, CellHeight - 1,
                    Share(its[expert, c], Column(its, c).Sum()))));
            }

            y = top + (its.GetLength(0) * CellHeight) + (2 * Margin);
            AppendLayer(text, layer, characters, its);
        }

        return new Sketch("characters", Left + (shown.Length * CellWidth) + Margin, y, [], words, text.ToString()) { Cells = cells };
    }

    /// <summary>For each expert how much it gets, and the characters it gets more of than of others.</summary>
    private static void AppendLayer(StringBuilder text, int layer, IReadOnlyList<string> characters, long[,] counts)
    {
        var all = counts.Cast<long>().Sum();
        text.Append(CultureInfo.InvariantCulture, $"layer {layer + 1}  share  characters it is chosen for most often, beside its share\n");
        for (var expert = 0; expert < counts.GetLength(0); expert++)
        {
            var own = Enumerable.Range(0, characters.Count).Sum(c => counts[expert, c]);
            var typical = Enumerable.Range(0, characters.Count)
                .Where(c => Column(counts, c).Sum() > Rare * all && Share(counts[expert, c], Column(counts, c).Sum()) > Share(own, all))
                .OrderByDescending(c => Share(counts[expert, c], Column(counts, c).Sum())).Take(Named)
                .Select(c => Printable(characters[c]));
            text.Append(CultureInfo.InvariantCulture, $"  expert {expert + 1,-2} {Share(own, all),6:0.0%}  {string.Join(' ', typical)}\n");
        }
    }

    private static double Share(long part, long all) => all == 0 ? 0 : (double)part / all;

    private static IEnumerable<long> Column(long[,] counts, int character) =>
        Enumerable.Range(0, counts.GetLength(0)).Select(expert => counts[expert, character]);

    private static double Middle(int column) => Left + (CellWidth * (column + 0.5));

    /// <summary>With signs that the font of pictures has.</summary>
    private static string Printable(string character) => character switch
    {
        " " => "·",
        "\n" => "¶",
        "\t" => "»",
        _ => char.IsControl(character[0]) ? "?" : character,
    };
}
