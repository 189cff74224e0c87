using System.CommandLine;
using System.CommandLine.Parsing;

namespace DiscreteGradients.Cli;

/// <summary>The flags of a command.</summary>
internal sealed class CommandFlags
{
    private readonly List<Option<string?>> _options = [];

    /// <param name="flags">In the order in which help shows them.</param>
    internal CommandFlags(Command command, params IEnumerable<Flag> flags)
    {
        foreach (var flag in flags)
        {
            var option = new Option<string?>(flag.Name)
            {
                Description = flag.Description,
                HelpName = flag.Placeholder,
                Arity = flag.IsSwitch ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
            };
            if (flag.DefaultText is { } text)
                option.DefaultValueFactory = _ => text;
            _options.Add(option);
            command.Options.Add(option);
        }
    }

    /// <summary>What the user gave, as text by flag.</summary>
    internal IReadOnlyDictionary<string, string> Given(ParseResult result) => _options
        .Where(option => result.GetResult(option) is { Implicit: false })
        .ToDictionary(option => option.Name, option => result.GetResult(option)!.Tokens is [var token, ..] ? token.Value : "true");
}
