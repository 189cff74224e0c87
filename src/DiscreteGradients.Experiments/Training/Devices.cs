namespace DiscreteGradients.Experiments;

/// <summary>Devices by the names of the command line.</summary>
internal static class Devices
{
    internal const string Description = "Device of libtorch: cpu, cuda or cuda:N; a GPU needs a build of the tool with a CUDA libtorch.";

    /// <summary>The device of that name.</summary>
    /// <exception cref="OptionException">No such device here.</exception>
    internal static Device Get(string name)
    {
        if (name == "cpu")
            return CPU;
        var index = name == "cuda" ? 0
            : name.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(name[5..], NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : -1;
        if (index < 0)
            throw new OptionException($"--device must be cpu, cuda or cuda:N; got '{name}'.");
        var found = cuda.is_available() ? cuda.device_count() : 0;
        return index < found
            ? new Device(DeviceType.CUDA, index)
            : throw new OptionException($"--device {name} is not here: libtorch finds " + (found == 0
                ? "no CUDA device. Use --device cpu, or build the tool with a CUDA libtorch on a machine with a GPU."
                : $"CUDA devices 0 to {found - 1}. Use --device cpu."));
    }
}
