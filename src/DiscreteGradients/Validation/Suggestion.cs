namespace DiscreteGradients;

/// <summary>"Did you mean …?" for mistyped names.</summary>
internal static class Suggestion
{
    /// <summary>The sentence for an unknown name: the near matches if there are any, else all the choices.</summary>
    internal static string Sentence(string kind, string name, IEnumerable<string> choices)
    {
        ArgumentNullException.ThrowIfNull(name);
        var all = choices.ToList();
        var typed = name.ToLowerInvariant();
        var near = all.Where(choice => Distance(typed, choice) <= Math.Max(1, choice.Length / 3)
            || (typed.Length > 1 && choice.StartsWith(typed, StringComparison.Ordinal))).ToList();
        return near.Count > 0
            ? $"Unknown {kind} '{name}'. Did you mean {string.Join(" or ", near.Select(n => $"'{n}'"))}?"
            : $"Unknown {kind} '{name}'. Choose from: {string.Join(", ", all)}.";
    }

    /// <summary>Edits (insert, delete, replace) that turn one word into the other.</summary>
    private static int Distance(string a, string b)
    {
        var previous = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var current = new int[b.Length + 1];
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            previous = current;
        }

        return previous[^1];
    }
}
