using DiscreteGradients.Testing;
using Expert = TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>;

namespace DiscreteGradients.Tests.Routing;

/// <summary>A mixture of experts token by token, with what autograd has: the oracle of the layer.</summary>
internal static class TokenLoop
{
    /// <summary>The output [T, outputs] for what a router has decided.</summary>
    internal static Tensor Mix(Tensor x, DiscreteGradients.Routing routing, IReadOnlyList<Expert> experts, long outputs)
    {
        var rows = new List<Tensor>();
        for (var t = 0; t < x.shape[0]; t++)
        {
            var row = zeros([1, outputs], x.dtype);
            for (var e = 0; e < experts.Count; e++)
            {
                var weight = routing.Weights[t, e];
                if (routing.Chosen[t, e].item<bool>())
                    row += weight * experts[e].call(x.narrow(0, t, 1));
                else if (routing.IsDense)
                    row += (weight - weight.detach()) * experts[e].call(x.narrow(0, t, 1)).detach();
            }

            rows.Add(row);
        }

        return rows.Count == 0 ? zeros([0, outputs], x.dtype) : cat([.. rows]);
    }

    /// <summary>Small experts of two layers, all different.</summary>
    internal static Expert[] Experts(int count, long width, long outputs, ScalarType dtype = ScalarType.Float64)
    {
        var experts = new Expert[count];
        for (var e = 0; e < count; e++)
        {
            experts[e] = nn.Sequential(nn.Linear(width, 6), nn.Tanh(), nn.Linear(6, outputs));
            using var _ = no_grad();
            foreach (var (i, parameter) in experts[e].parameters().Index())
                parameter.copy_(Conformance.Logits(parameter.shape, seed: 100 + (10 * e) + i) / 2);
            experts[e].to(dtype);
        }

        return experts;
    }
}
