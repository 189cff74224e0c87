namespace DiscreteGradients;

/// <summary>The caller's f as estimators call it.</summary>
internal static class Objective
{
    /// <summary>
    /// f with its values checked. It gets points in the caller's dtype that it may write into: autograd keeps count of changes to a point
    /// with a graph; any other may be needed again and is copied.
    /// </summary>
    internal static Func<Tensor, Tensor> Checked(Func<Tensor, Tensor> f, ScalarType dtype) => z =>
    {
        var (shape, device) = (z.shape, z.device);
        var own = z.dtype != dtype ? z.to_type(dtype) : z.requires_grad && !z.is_leaf ? z : z.clone();
        return Check.Values(f(own), shape, device);
    };
}
