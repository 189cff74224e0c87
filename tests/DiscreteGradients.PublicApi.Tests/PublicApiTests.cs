using System.Reflection;
using System.Text;
using DiscreteGradients.Testing;

namespace DiscreteGradients.PublicApi.Tests;

public class PublicApiTests
{
    /// <summary>A change of the public surface is a change of PublicApi.txt, made on purpose.</summary>
    [Fact]
    public void The_public_surface_is_the_stored_text() => Repository.IsMade(
        "tests/DiscreteGradients.PublicApi.Tests/PublicApi.txt", Render(typeof(GradientEstimator).Assembly));

    private static string Render(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            text.Append(Modifier(type)).Append(Kind(type)).Append(Name(type)).Append(Base(type)).Append('\n');
            const BindingFlags declared =
                BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
            var members = type.GetMembers(declared)
                .Where(m => !IsGenerated(m)).Select(Describe).OfType<string>().Order(StringComparer.Ordinal);
            foreach (var member in members)
                text.Append("    ").Append(member).Append('\n');
        }

        return text.ToString();
    }

    private static string Modifier(Type type) =>
        type.IsAbstract && !type.IsInterface ? type.IsSealed ? "static " : "abstract "
        : type.IsSealed && !type.IsValueType ? "sealed "
        : "";

    private static string Kind(Type type) =>
        type.IsEnum ? "enum " : type.IsInterface ? "interface " : type.IsValueType ? "struct " : "class ";

    private static string Base(Type type) =>
        type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum)
            ? $" : {Name(parent)}"
            : "";

    private static string? Describe(MemberInfo member) => member switch
    {
        ConstructorInfo c when Visible(c) => $"({Parameters(c)})",
        MethodInfo m when Visible(m) && !m.IsSpecialName => $"{Access(m)}{Name(m.ReturnType)} {m.Name}({Parameters(m)})",
        PropertyInfo p when p.GetMethod is { } get && Visible(get) =>
            $"{Access(get)}{Name(p.PropertyType)} {p.Name} {{ get;{(p.SetMethod is { } set && Visible(set) ? " init;" : "")} }}",
        FieldInfo f when f.IsPublic && !f.IsSpecialName =>
            $"{(f.IsLiteral ? "const " : "")}{Name(f.FieldType)} {f.Name}{(f.IsLiteral ? $" = {f.GetRawConstantValue()}" : "")}",
        _ => null,
    };

    private static bool Visible(MethodBase m) => m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly;

    private static string Access(MethodInfo m) =>
        (m.IsPublic ? "" : "protected ")
        + (m.IsStatic ? "static "
            : m.IsAbstract ? "abstract "
            : m.IsVirtual && m.IsFinal ? "sealed "
            : m.IsVirtual ? "override "
            : "");

    /// <summary>What the compiler adds to records.</summary>
    private static bool IsGenerated(MemberInfo m) =>
        m.GetCustomAttribute<System.Runtime.CompilerServices.CompilerGeneratedAttribute>() is not null && m is not PropertyInfo
        || m.Name is "EqualityContract" or "PrintMembers" or "<Clone>$"
        || (m is ConstructorInfo c && c.GetParameters() is [var only] && only.ParameterType == m.DeclaringType);

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p =>
        $"{Name(p.ParameterType)} {p.Name}{(p.HasDefaultValue ? $" = {p.DefaultValue ?? "null"}" : "")}"));

    private static string Name(Type type) =>
        Nullable.GetUnderlyingType(type) is { } inner ? Name(inner) + "?"
        : type.IsArray ? Name(type.GetElementType()!) + "[]"
        : type.IsGenericType
            ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<"
                + $"{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.Name;
}
