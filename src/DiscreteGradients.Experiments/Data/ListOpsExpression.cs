using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>
/// Expressions of ListOps, such as <c>[MAX 2 [MIN 7 4 ] ]</c>, kept as one letter a token: <c>x2n74]]</c>. Letters are digits, the
/// operators n MIN, x MAX, d MED, s SM, and the closing bracket.
/// </summary>
/// <remarks>
/// Reference: Nangia, Bowman 2018, "ListOps: A Diagnostic Dataset for Latent Tree Learning", NAACL student research workshop. MED is the
/// median, of an even number of values the mean of the middle two without its fraction; SM is the sum modulo 10.
/// </remarks>
internal static class ListOpsExpression
{
    internal const char Close = ']';

    /// <summary>What a shortcut answers where nothing is left of a list.</summary>
    private const int NothingLeft = 5;

    /// <summary>The operators' letters and words.</summary>
    internal static IReadOnlyList<(char Letter, string Word)> Operators { get; } = [('n', "MIN"), ('x', "MAX"), ('d', "MED"), ('s', "SM")];

    internal static bool IsOperator(char letter) => letter > Close;

    /// <summary>An operator without its bracket, a digit, or the closing bracket.</summary>
    internal static string Word(char letter) => letter switch
    {
        'n' => "MIN",
        'x' => "MAX",
        'd' => "MED",
        's' => "SM",
        _ => letter.ToString(),
    };

    /// <summary>Operators nested in one another.</summary>
    internal static int Depth(string expression)
    {
        var (depth, deepest) = (0, 0);
        foreach (var letter in expression)
        {
            if (IsOperator(letter))
                deepest = Math.Max(deepest, ++depth);
            else if (letter == Close)
                depth--;
        }

        return deepest;
    }

    /// <summary>The value.</summary>
    /// <param name="expression">A whole one.</param>
    /// <param name="deepest">Lists nested deeper than this are left out, as a reader would who ignores structure below.</param>
    internal static int Value(string expression, int deepest = int.MaxValue)
    {
        var values = new Stack<int>();
        var open = new Stack<(char Operator, int Below)>();
        foreach (var letter in expression)
        {
            if (IsOperator(letter))
            {
                open.Push((letter, values.Count));
                continue;
            }

            var value = letter - '0';
            if (letter == Close)
            {
                var (operation, below) = open.Pop();
                var arguments = new int[values.Count - below];
                for (var i = arguments.Length - 1; i >= 0; i--)
                    arguments[i] = values.Pop();
                value = Apply(operation, arguments);
                if (open.Count >= deepest)
                    continue;
            }

            values.Push(value);
        }

        return values.Pop();
    }

    /// <summary>In the published form, with the binary bracketing: <c>t = (op, a₁); t = (t, a₂); …; t = (t, "]")</c>.</summary>
    /// <remarks>Written from its end, so that the arguments of an operator are counted when it comes.</remarks>
    internal static string Bracketed(string expression)
    {
        const int Most = 8;  // letters for one of the expression's, the brackets that it brings included
        var letters = new char[Most * expression.Length];
        var (start, arguments, depth) = (letters.Length, new int[expression.Length + 1], 0);
        void Write(string text) => text.CopyTo(letters.AsSpan(start -= text.Length));
        for (var i = expression.Length - 1; i >= 0; i--)
        {
            var letter = expression[i];
            if (IsOperator(letter))
            {
                Write(" ");
                Write(Word(letter));
                Write("[");
                for (var brackets = arguments[depth--]; brackets >= 0; brackets--)
                    Write("( ");
                continue;
            }

            if (depth > 0)
            {
                Write(") ");
                arguments[depth]++;
            }

            if (letter == Close)
            {
                Write(") ");
                arguments[++depth] = 0;
            }

            letters[--start] = ' ';
            letters[--start] = letter;
        }

        return new string(letters, start, letters.Length - start - 1);
    }

    private static int Apply(char operation, int[] values)
    {
        if (values.Length == 0)
            return NothingLeft;
        Array.Sort(values);
        return operation switch
        {
            'n' => values[0],
            'x' => values[^1],
            'd' => (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2,
            _ => values.Sum() % 10,
        };
    }
}
