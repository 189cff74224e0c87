using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace DiscreteGradients.Experiments;

/// <summary>Sentences made by the published rule, the same on every machine.</summary>
/// <remarks>
/// A tree at depth 1 to 19 is a digit with probability 3/4, else an operator of 2 to 5 trees; at depth 20 it is a digit. Distinct trees are
/// kept until there are 100,000. Reference: Nangia and Bowman's make_data.py (nyu-mll/spinn), whose random numbers were not seeded.
/// Short trees come up first, so the rows are shuffled.
/// </remarks>
internal static class ListOpsRule
{
    internal const int Rows = 100_000;

    private const int MostArguments = 5;
    private const int MostDepth = 20;
    private const ulong Seed = 1;

    /// <summary>All rows in the published form; the hash says what must come out.</summary>
    internal static DataFile File { get; } = new(
        "made.tsv", 27_971_671, "c9dbd48636c76de0fa8c1306ac0f4b880d7273bcc52d743e43b0b5a9c1d6d0be");

    /// <summary>The rows; from the cache, where they are kept, if they are there and right.</summary>
    /// <param name="cache">The folder of all that was downloaded, or null if there is none.</param>
    internal static ListOpsSentence[] Load(string? cache)
    {
        var path = cache is null ? null : Path.Combine(cache, ListOpsSets.Name, File.Published);
        if (path is not null && System.IO.File.Exists(path) && File.Flaw(path) is null)
            return ListOpsFile.Read(path);
        var rows = Make(Rows);
        var bytes = ListOpsFile.Bytes(rows);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (sha256 != File.Sha256)
        {
            throw new OptionException(
                $"'{ListOpsSets.Made}' comes out differently on this machine: its sha256 must be {File.Sha256}; got {sha256}.");
        }

        if (path is not null)
            Store(path, bytes);
        return rows;
    }

    internal static ListOpsSentence[] Make(int rows)
    {
        var random = new Numbers(Seed);
        var seen = new HashSet<string>();
        var made = new List<ListOpsSentence>(rows);
        var letters = new StringBuilder();
        while (made.Count < rows)
        {
            letters.Clear();
            var value = Tree(1, random, letters);
            var expression = letters.ToString();
            if (seen.Add(expression))
                made.Add(new ListOpsSentence(expression, value));
        }

        for (var i = made.Count - 1; i > 0; i--)
        {
            var j = random.Below(i + 1);
            (made[i], made[j]) = (made[j], made[i]);
        }

        return [.. made];
    }

    /// <summary>Writes a tree and computes its value, in another way than <see cref="ListOpsExpression.Value"/>, which checks it.</summary>
    private static int Tree(int depth, Numbers random, StringBuilder letters)
    {
        if (depth == MostDepth || random.Below(4) > 0)
        {
            var digit = random.Below(10);
            letters.Append((char)('0' + digit));
            return digit;
        }

        var values = new List<int>();
        var operation = ListOpsExpression.Operators[random.Below(ListOpsExpression.Operators.Count)];
        letters.Append(operation.Letter);
        for (var arguments = 2 + random.Below(MostArguments - 1); arguments > 0; arguments--)
            values.Add(Tree(depth + 1, random, letters));
        letters.Append(ListOpsExpression.Close);
        values.Sort();
        return operation.Word switch
        {
            "MIN" => values.Min(),
            "MAX" => values.Max(),
            "SM" => values.Sum() % 10,
            _ when values.Count % 2 == 1 => values[values.Count / 2],
            _ => (int)((values[(values.Count / 2) - 1] + values[values.Count / 2]) / 2.0),
        };
    }

    /// <summary>Keeps the rows; without them all goes on, only slower.</summary>
    private static void Store(string path, byte[] bytes)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var part = $"{path}.{Path.GetRandomFileName()}.part";
            using (var file = new GZipStream(System.IO.File.Create(part), CompressionLevel.Fastest))
                file.Write(bytes);
            System.IO.File.Move(part, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be written: the next run makes them again.
        }
    }

    /// <summary>SplitMix64: the same numbers on every machine and every version of .NET.</summary>
    private sealed class Numbers(ulong state)
    {
        internal int Below(int end)
        {
            state += 0x9e3779b97f4a7c15;
            var mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
            return (int)(((UInt128)(mixed ^ (mixed >> 31)) * (ulong)end) >> 64);
        }
    }
}
