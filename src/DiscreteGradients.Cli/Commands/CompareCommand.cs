using System.CommandLine;

namespace DiscreteGradients.Cli.Commands;

internal static class CompareCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("compare", "Measure gradients against the exact one.");
        command.SetAction(_ => DgradApp.Done);
        return command;
    }
}
