using System.Collections.Concurrent;
using System.ComponentModel;
using System.Reflection;

namespace DiscreteGradients.Experiments;

/// <summary>What the properties of an options record say: those with a description are options.</summary>
internal static class OptionRecord
{
    private static readonly ConcurrentDictionary<Type, IReadOnlyList<Option>> Known = new();

    /// <summary>A flag for each option, with the record's value as its default.</summary>
    /// <param name="lists">Whether options may be lists, each value of which makes a run.</param>
    public static IReadOnlyList<Flag> Flags(object defaults, bool lists = false) =>
    [
        .. Options(defaults).Select(option => new Flag(
            option.Flag, option.Property.PropertyType, option.Description, option.Property.GetValue(defaults))
        {
            TakesList = lists && option.Property.PropertyType != typeof(bool) && !option.MayChange && !option.OneValue,
        }),
    ];

    /// <summary>The record with what was given; what was not comes from the preset that it names, if it names one.</summary>
    /// <exception cref="OptionException">A value is not of its type, or there is no such preset.</exception>
    public static T Bind<T>(T defaults, IReadOnlyDictionary<string, string> given)
        where T : notnull
    {
        var record = BindOnly(defaults, given);
        return record is IPresetOptions { Preset: not null } options ? (T)BindOnly(options.Defaults, given) : record;
    }

    /// <summary>The record with what was given and, for the rest, what another record of its type holds.</summary>
    /// <exception cref="OptionException">A value is not of its type.</exception>
    internal static T BindOnly<T>(T defaults, IReadOnlyDictionary<string, string> given)
        where T : notnull
    {
        var record = Activator.CreateInstance(defaults.GetType())!;
        foreach (var option in Options(defaults))
        {
            var flag = new Flag(option.Flag, option.Property.PropertyType, "");
            option.Property.SetValue(
                record, given.TryGetValue(flag.Name, out var text) ? flag.Parse(text) : option.Property.GetValue(defaults));
        }

        return (T)record;
    }

    /// <summary>What a run's numbers depend on, as text by flag: all but what <see cref="MayChangeAttribute">may change</see>.</summary>
    public static IReadOnlyDictionary<string, string> Fixed(object options) => Options(options)
        .Where(option => !option.MayChange)
        .ToDictionary(option => option.Flag, option => Text(option.Property.GetValue(options)));

    /// <summary>The first difference between two lists of settings, or null; what only one of them has is of another version.</summary>
    public static (string Flag, string Before, string Now)? Difference(
        IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> now)
    {
        foreach (var (flag, value) in now)
        {
            if (before.TryGetValue(flag, out var old) && old != value)
                return (flag, old, value);
        }

        return null;
    }

    /// <summary>Refuses to go on with other settings than a run or a study had.</summary>
    /// <exception cref="OptionException">There is a difference.</exception>
    internal static void Same(IReadOnlyDictionary<string, string> had, IReadOnlyDictionary<string, string> wanted)
    {
        if (Difference(had, wanted) is var (flag, before, now))
            throw new OptionException($"{flag} is {before} in the run to resume; got {now}. Leave it out or start a new run.");
    }

    /// <summary>Whether the property with a name in snake case is marked.</summary>
    internal static bool IsMarked<TAttribute>(Type? options, string name)
        where TAttribute : Attribute =>
        options?.GetProperties().FirstOrDefault(property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name) == name)
            ?.IsDefined(typeof(TAttribute)) ?? false;

    private static IReadOnlyList<Option> Options(object record) => Known.GetOrAdd(record.GetType(), type =>
    [
        .. from property in type.GetProperties()
           let description = property.GetCustomAttribute<DescriptionAttribute>()
           where description is not null
           select new Option(
               property, Flag.OfProperty(property.Name), description.Description,
               property.IsDefined(typeof(MayChangeAttribute)), property.IsDefined(typeof(OneValueAttribute))),
    ]);

    private static string Text(object? value) =>
        value is null ? "not set" : JsonSerializer.SerializeToElement(value, RunFolder.Json).ToString();

    /// <summary>A property with a description, and how it is marked.</summary>
    private sealed record Option(PropertyInfo Property, string Flag, string Description, bool MayChange, bool OneValue);
}
