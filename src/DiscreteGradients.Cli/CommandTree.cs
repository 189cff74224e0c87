using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using DiscreteGradients.Cli.Commands;

namespace DiscreteGradients.Cli;

/// <summary>The commands, their help, and sentences for command lines that cannot be parsed.</summary>
internal static class CommandTree
{
    /// <summary>Parses a command line.</summary>
    /// <exception cref="OptionException">It cannot be parsed.</exception>
    internal static ParseResult Parse(string[] args, Terminal terminal)
    {
        var root = new RootCommand("dgrad: gradients through discrete latents, in experiments and measured against the exact ones.")
        {
            ListCommand.Create(terminal),
            RunCommand.Create(terminal),
            ReportCommand.Create(terminal),
            CompareCommand.Create(terminal),
            VerifyCommand.Create(terminal),
            DataCommand.Create(terminal),
            NasCommand.Create(terminal),
            BenchCommand.Create(terminal),
        };
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion(terminal);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples(terminal);

        var parsed = root.Parse(
            args.Length == 0 ? ["--help"] : args,
            new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        return parsed.Action is ParseErrorAction ? throw new OptionException($"{Sentence(parsed)} Run '{Path(parsed)} --help'.") : parsed;
    }

    private static string Sentence(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var options = command.Options.Select(o => o.Name).Append("--help");
        if (parsed.UnmatchedTokens is [var token, ..])
        {
            return token.StartsWith('-') ? Suggestion.Sentence("option", token, options)
                : command.Subcommands.Count > 0 ? Suggestion.Sentence(
                    command.Name == "run" ? "experiment" : "command", token, command.Subcommands.Select(c => c.Name))
                : $"Unexpected argument '{token}'; options begin with two hyphens.";
        }

        var error = parsed.Errors[0];
        return error.SymbolResult switch
        {
            OptionResult { Tokens.Count: > 1 } option =>
                $"{option.Option.Name} must be given once; got {option.Tokens.Count} values: {string.Join(", ", option.Tokens)}.",
            OptionResult { Tokens.Count: 0 } option => $"{option.Option.Name} needs a value.",
            ArgumentResult argument => $"'{Path(parsed)}' needs {argument.Argument.Name}.",
            CommandResult { Command.Subcommands.Count: > 0 } result =>
                $"'{Path(parsed)}' needs one of: {string.Join(", ", result.Command.Subcommands.Select(c => c.Name))}.",
            CommandResult result when result.Command.Arguments is [var missing, ..] => $"'{Path(parsed)}' needs {missing.Name}.",
            _ => error.Message.Split('\n')[0],
        };
    }

    private static string Path(ParseResult parsed)
    {
        var names = new List<string>();
        for (SymbolResult? result = parsed.CommandResult; result is CommandResult { Command: var command }; result = result.Parent)
            names.Insert(0, command is RootCommand ? "dgrad" : command.Name);
        return string.Join(' ', names);
    }

    private sealed class PrintVersion(Terminal terminal) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            terminal.Out.WriteLine($"dgrad {Machine.Version}");
            return DgradApp.Done;
        }
    }

    private sealed class HelpWithExamples(Terminal terminal) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var code = new HelpAction { MaxWidth = terminal.Width }.Invoke(parseResult);
            terminal.Out.WriteLine("Examples:");
            foreach (var example in Examples(Path(parseResult)))
                terminal.Out.WriteLine($"  {example}");
            return code;
        }

        private static IReadOnlyList<string> Examples(string command) => command switch
        {
            "dgrad list" => ["dgrad list"],
            "dgrad compare" =>
            [
                "dgrad compare --problem cubic",
                "dgrad compare --categories 4 --estimator st,reinmax,rloo --draws 100000",
            ],
            "dgrad report" =>
            [
                "dgrad report runs",
                "dgrad report runs/vae-st runs/vae-reinmax --out runs/report",
            ],
            "dgrad verify" => ["dgrad verify gradients.json"],
            "dgrad data" => ["dgrad data", "dgrad data fetch mnist", "dgrad data --data DIR --json"],
            "dgrad data fetch" => ["dgrad data fetch mnist", "dgrad data fetch fashion-mnist"],
            "dgrad nas" => ["dgrad nas lookup 6111", "dgrad nas baselines", "dgrad nas rank --dataset cifar100"],
            "dgrad nas lookup" =>
            [
                "dgrad nas lookup '|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|avg_pool_3x3~1|nor_conv_1x1~2|'",
                "dgrad nas lookup 6111 --draw best.svg",
            ],
            "dgrad nas baselines" => ["dgrad nas baselines", "dgrad nas baselines --cells 25,1000 --json"],
            "dgrad nas rank" => ["dgrad nas rank", "dgrad nas rank 13714 --dataset cifar100 --top 3"],
            "dgrad bench" =>
            [
                "dgrad bench --estimator reinmax --shapes 400x8,12800x32 --threads 1",
                "dgrad bench --out bench.csv",
                "dgrad bench --from bench.csv --markdown",
            ],
            "dgrad" =>
            [
                "dgrad list",
                "dgrad run polynomial",
                "dgrad run polynomial --estimator st,reinmax --seeds 10 --p 3",
                "dgrad compare --problem cubic",
            ],
            "dgrad run efficiency" => ["dgrad run efficiency", "dgrad run efficiency --task vae --rounds 30 --threads 1"],
            _ when ExperimentCatalog.All.FirstOrDefault(entry => command == $"dgrad run {entry.Name}")
                is { Examples: [_, ..] } entry => entry.Examples,
            _ => [.. ExperimentCatalog.All.SelectMany(entry => entry.Examples.Take(1))],
        };
    }
}
