namespace DiscreteGradients.Experiments;

/// <summary>Marks a number that is the same for all runs of a study, such as that of threads: it takes no list of values.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OneValueAttribute : Attribute;
