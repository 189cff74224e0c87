namespace DiscreteGradients;

/// <summary>The two forms of a pathwise estimator.</summary>
public enum Form
{
    /// <summary>The fused CPU kernel where there is one, else the readable form.</summary>
    Automatic,

    /// <summary>A few tensor operations: the definition, on any device, differentiable any number of times.</summary>
    Readable,

    /// <summary>The fused CPU kernel; an error where there is none.</summary>
    Fused,
}
