namespace DiscreteGradients.PublicApi.Tests;

/// <summary>Programs import this library beside TorchSharp's namespaces and classes: a name in both would be ambiguous (CS0104).</summary>
public class NamesTests
{
    [Fact]
    public void No_public_type_has_the_name_of_what_programs_import_from_TorchSharp()
    {
        Type[] classes =
        [
            typeof(torch), typeof(nn), typeof(nn.functional), typeof(nn.init), typeof(optim), typeof(linalg), typeof(special),
        ];
        string[] namespaces = ["TorchSharp", "TorchSharp.Modules"];
        var theirs = classes.SelectMany(type => type.GetMembers())
            .Concat(typeof(torch).Assembly.GetExportedTypes().Where(type => namespaces.Contains(type.Namespace) && !type.IsNested))
            .Select(member => member.Name)
            .ToHashSet();
        Assert.Superset(new HashSet<string> { "functional", "Linear", "DeviceType" }, theirs);

        var ours = typeof(GradientEstimator).Assembly.GetExportedTypes().Select(type => type.Name);

        Assert.DoesNotContain(ours, theirs.Contains);
    }
}
