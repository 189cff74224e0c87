namespace DiscreteGradients.Experiments;

/// <summary>An edge of a cell, from an earlier node to a later one.</summary>
internal readonly record struct NasEdge(int To, int From)
{
    public override string ToString() => $"{To}<-{From}";
}

/// <summary>
/// A cell of the topology space of NAS-Bench-201 and NATS-Bench: four nodes, an edge from each to each later one, an operation on every
/// edge. A node is the sum of what comes in, the first is the input and the last the output.
/// </summary>
/// <remarks>Written <c>|op~0|+|op~0|op~1|+|op~0|op~1|op~2|</c>: for nodes 1, 2 and 3 the operation from each earlier node.</remarks>
internal readonly record struct NasCell
{
    internal const int Nodes = 4;

    /// <summary>The form, for sentences.</summary>
    internal const string Form = "|OP~0|+|OP~0|OP~1|+|OP~0|OP~1|OP~2|";

    private const string Zero = "#";

    /// <summary>The operations as digits, so that equal cells are equal.</summary>
    private readonly int _digits;

    /// <param name="operations">In the order of <see cref="Edges"/>.</param>
    internal NasCell(params IReadOnlyList<NasOperation> operations)
    {
        if (operations.Count != Edges.Count)
            throw new ArgumentException($"A cell has {Edges.Count} edges; got {operations.Count} operations.", nameof(operations));
        foreach (var operation in operations.Reverse())
            _digits = (_digits * NasOperations.All.Count) + (int)operation;
    }

    private NasCell(int digits) => _digits = digits;

    /// <summary>1&lt;-0, 2&lt;-0, 2&lt;-1, 3&lt;-0, 3&lt;-1, 3&lt;-2.</summary>
    internal static IReadOnlyList<NasEdge> Edges { get; } =
        [.. Enumerable.Range(1, Nodes - 1).SelectMany(to => Enumerable.Range(0, to).Select(from => new NasEdge(to, from)))];

    /// <summary>All 15,625 of them.</summary>
    internal static IEnumerable<NasCell> All { get; } =
        Enumerable.Range(0, (int)Math.Pow(NasOperations.All.Count, Edges.Count)).Select(digits => new NasCell(digits));

    /// <summary>In the order of <see cref="Edges"/>.</summary>
    internal IReadOnlyList<NasOperation> Operations
    {
        get
        {
            var operations = new NasOperation[Edges.Count];
            var rest = _digits;
            for (var edge = 0; edge < operations.Length; edge++)
                (rest, operations[edge]) = (rest / NasOperations.All.Count, (NasOperation)(rest % NasOperations.All.Count));
            return operations;
        }
    }

    /// <summary>
    /// The benchmark's label of what the cell computes: cells with one label are isomorphic. Skips are taken out, what only carries zeros
    /// is one zero, and the order of a sum does not count.
    /// </summary>
    internal string Canonical
    {
        get
        {
            var operations = Operations;
            var labels = new string[Nodes];
            labels[0] = "0";
            for (var (node, edge) = (1, 0); node < Nodes; node++)
            {
                var terms = new string[node];
                for (var from = 0; from < node; from++)
                    terms[from] = Term(operations[edge++], labels[from]);
                Array.Sort(terms, StringComparer.Ordinal);
                labels[node] = string.Join('+', terms);
            }

            return labels[^1];
        }
    }

    /// <summary>How many edges have this operation.</summary>
    internal int Count(NasOperation operation) => Operations.Count(o => o == operation);

    /// <summary>Every edge the same operation.</summary>
    internal static NasCell AllOf(NasOperation operation) => new([.. Enumerable.Repeat(operation, Edges.Count)]);

    /// <summary>Reads an architecture string.</summary>
    /// <exception cref="OptionException">It is none; names the first edge that is wrong.</exception>
    internal static NasCell Parse(string text)
    {
        var nodes = text.Split('+');
        var operations = new List<NasOperation>();
        foreach (var edge in Edges)
        {
            var node = edge.To <= nodes.Length ? nodes[edge.To - 1].Trim() : "";
            var parts = node.Split('|');
            if (edge.From == 0 && node.Length > 0 && (parts.Length < 3 || parts[0].Length > 0 || parts[^1].Length > 0))
            {
                throw new OptionException(
                    $"Edge {edge} and the others of node {edge.To} must stand between bars, as in {Form}; got '{Printable(node)}'.");
            }

            operations.Add(edge.From < parts.Length - 2
                ? Operation(edge, parts[edge.From + 1])
                : throw new OptionException($"Edge {edge} is missing: an architecture is {Form}; got '{Printable(text)}'."));
            if (edge.From == edge.To - 1 && parts.Length - 2 > edge.To)
            {
                throw new OptionException(
                    $"Edge {edge} must be the last of node {edge.To}; got '{Printable(parts[edge.To + 1])}' after it: remove it.");
            }
        }

        return nodes.Length < Nodes
            ? new NasCell(operations)
            : throw new OptionException(
                $"Edge {Edges[^1]} must be the last of an architecture, which is {Form}; "
                + $"got '+{Printable(string.Join('+', nodes[(Nodes - 1)..]))}' after it.");
    }

    public override string ToString()
    {
        var operations = Operations;
        return string.Join('+', Edges.Zip(operations).GroupBy(pair => pair.First.To)
            .Select(node => $"|{string.Join('|', node.Select(pair => $"{pair.Second.Name()}~{pair.First.From}"))}|"));
    }

    private static NasOperation Operation(NasEdge edge, string part)
    {
        var tilde = part.LastIndexOf('~');
        var (name, from) = tilde < 0 ? (part, null) : (part[..tilde], part[(tilde + 1)..]);
        var place = Enumerable.Range(0, NasOperations.Names.Count).FirstOrDefault(i => NasOperations.Names[i] == name, -1);
        if (place < 0)
        {
            throw new OptionException(
                $"Edge {edge} must be one of {string.Join(", ", NasOperations.Names)}, followed by ~{edge.From}; got '{Printable(part)}'.");
        }

        return from == edge.From.ToString(CultureInfo.InvariantCulture)
            ? NasOperations.All[place]
            : throw new OptionException($"Edge {edge} must be written {name}~{edge.From}; got '{Printable(part)}'.");
    }

    private static string Term(NasOperation operation, string input) => operation switch
    {
        NasOperation.None => Zero,
        _ when input == Zero => Zero,
        NasOperation.Skip => input,
        _ => $"({input})@{operation.Name()}",
    };

    /// <summary>What a user gave, without what a terminal would take amiss.</summary>
    internal static string Printable(string text) =>
        string.Concat(text.Take(100).Select(letter => char.IsControl(letter) ? '?' : letter)) + (text.Length > 100 ? "..." : "");
}
