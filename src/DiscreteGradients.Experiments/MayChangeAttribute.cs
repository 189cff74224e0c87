namespace DiscreteGradients.Experiments;

/// <summary>Marks an option that no number depends on, such as a folder: it may differ when a run is resumed.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MayChangeAttribute : Attribute;
