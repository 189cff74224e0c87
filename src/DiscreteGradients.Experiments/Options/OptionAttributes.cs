namespace DiscreteGradients.Experiments;

/// <summary>Marks an option that no number depends on, such as a folder: it may differ when a run is resumed.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MayChangeAttribute : Attribute;

/// <summary>Marks an option that is the same for all runs of a study, such as the threads, or whose text has commas of its own.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OneValueAttribute : Attribute;

/// <summary>Marks an option that is chosen for each method, such as the learning rate: reports say it of the method.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TunedAttribute : Attribute;

/// <summary>Marks an option that does not change what is trained, such as one of a measurement: runs are not told apart by it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class IncidentalAttribute : Attribute;

/// <summary>Options for which named presets hold other defaults.</summary>
public interface IPresetOptions
{
    /// <summary>The preset's name, or null for none.</summary>
    string? Preset { get; }

    /// <summary>The options to start from if nothing but the preset is given.</summary>
    /// <exception cref="OptionException">No such preset.</exception>
    object Defaults { get; }
}
