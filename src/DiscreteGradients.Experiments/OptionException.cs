namespace DiscreteGradients.Experiments;

/// <summary>An option that cannot be used. The message is one sentence for the user: expected, got, remedy.</summary>
public sealed class OptionException(string message) : Exception(message)
{
    /// <summary>The data set that is not on this machine, if that is what is wrong: it may be downloaded.</summary>
    internal MissingSet? Missing { get; init; }

    /// <summary>Whether what is wrong is that another process has the folder, or was faster to make a run in it.</summary>
    internal bool IsTaken { get; init; }

    /// <summary>The message of the library without .NET's suffix, which means nothing to a user.</summary>
    internal static string WithoutParameter(ArgumentException e) =>
        e.Message.Replace($" (Parameter '{e.ParamName}')", "", StringComparison.Ordinal);
}
