using System.CommandLine;
using System.CommandLine.Parsing;
using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using DiscreteGradients.Experiments;

namespace DiscreteGradients.Cli;

/// <summary>
/// Makes the flags of a command from an options record: one per property with a description, named in kebab case, with its default.
/// </summary>
internal sealed class OptionsBinder
{
    private readonly object _defaults;
    private readonly bool _lists;
    private readonly List<(PropertyInfo Property, Option<string?> Option)> _options = [];
    private readonly List<(EstimatorSetting Setting, Option<string?> Option)> _settings = [];

    /// <param name="defaults">The record with the default of every flag.</param>
    /// <param name="command">What gets the flags.</param>
    /// <param name="lists">Whether numbers may be lists, each value of which makes a run.</param>
    /// <param name="settings">Whether there are flags for what estimators can be set to, after that of the estimators.</param>
    internal OptionsBinder(object defaults, Command command, bool lists = false, bool settings = false)
    {
        (_defaults, _lists) = (defaults, lists);
        foreach (var property in defaults.GetType().GetProperties())
        {
            if (property.GetCustomAttribute<DescriptionAttribute>() is not { } description)
                continue;
            var option = Create(Flag(property), property.PropertyType, description.Description, property.GetValue(defaults), TakesLists(property));
            _options.Add((property, option));
            command.Options.Add(option);
            if (settings && property.Name == nameof(Commands.RunSettings.Estimator))
                AddSettings(command);
        }
    }

    /// <summary>Whether one of the flags is called so.</summary>
    internal bool Has(string flag) => _options.Exists(o => o.Option.Name == flag) || _settings.Exists(s => s.Option.Name == flag);

    /// <summary>What the user gave, as text by flag.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Given(ParseResult result)
    {
        foreach (var option in _options.Select(o => o.Option).Concat(_settings.Select(s => s.Option)))
        {
            if (result.GetResult(option) is { Implicit: false } given)
                yield return new(option.Name, given.Tokens.Count == 0 ? "true" : given.Tokens[0].Value);
        }
    }

    /// <summary>The options that were given several values.</summary>
    /// <exception cref="OptionException">One of the values is not of its type, or stands there twice.</exception>
    internal IEnumerable<StudyAxis> Lists(IReadOnlyDictionary<string, string> given)
    {
        var lists = _options.Where(o => TakesLists(o.Property)).Select(o => (o.Property.PropertyType, o.Option))
            .Concat(_settings.Where(s => _lists && IsNumber(s.Setting.Default.GetType())).Select(s => (s.Setting.Default.GetType(), s.Option)));
        foreach (var (type, option) in lists)
        {
            if (!given.TryGetValue(option.Name, out var text) || !text.Contains(',', StringComparison.Ordinal))
                continue;
            var values = text.Split(',', StringSplitOptions.TrimEntries)
                .Select(part => Convert.ToString(Parse(type, option.Name, part, $" in '{text}'"), CultureInfo.InvariantCulture)!).ToList();
            if (values.GroupBy(value => value).FirstOrDefault(g => g.Count() > 1) is { } twice)
                throw new OptionException($"{option.Name} must name each value once; got {twice.Key} {twice.Count()} times.");
            yield return new StudyAxis(option.Name[2..], values);
        }
    }

    /// <inheritdoc cref="Bind(IReadOnlyDictionary{string, string})"/>
    internal object Bind(ParseResult result) => Bind(Given(result).ToDictionary());

    /// <summary>The record with what the user gave; what was not given comes from a preset, if there is one.</summary>
    /// <exception cref="OptionException">A value is not of its type, or there is no such preset.</exception>
    internal object Bind(IReadOnlyDictionary<string, string> given)
    {
        var record = Bind(given, _defaults);
        return record is IPresetOptions { Preset: not null } options ? Bind(given, options.Defaults) : record;
    }

    /// <summary>The record with what the user gave and, for the rest, what another record of its type holds.</summary>
    /// <exception cref="OptionException">A value is not of its type.</exception>
    internal object Bind(IReadOnlyDictionary<string, string> given, object defaults)
    {
        var record = Activator.CreateInstance(defaults.GetType())!;
        foreach (var (property, option) in _options)
            property.SetValue(record, given.TryGetValue(option.Name, out var text) ? Parse(property.PropertyType, option.Name, text) : property.GetValue(defaults));
        return record;
    }

    /// <summary>What the user gave of the settings of estimators, by their names.</summary>
    /// <exception cref="OptionException">A value is not of its type.</exception>
    internal IReadOnlyDictionary<string, object> Settings(IReadOnlyDictionary<string, string> given) => _settings
        .Where(s => given.ContainsKey(s.Option.Name))
        .ToDictionary(s => s.Setting.Name, s => Parse(s.Setting.Default.GetType(), s.Option.Name, given[s.Option.Name]));

    private void AddSettings(Command command)
    {
        foreach (var setting in GivenSettings.All)
        {
            var owners = Estimators.All.Where(entry => entry.Has(setting.Name)).GroupBy(entry => entry.Settings.First(s => s.Name == setting.Name).Summary);
            var description = string.Join("; ", owners.Select(same => $"{same.Key}: {string.Join(", ", same.Select(entry => entry.Name))}"));
            var type = setting.Default.GetType();
            var option = Create(
                GivenSettings.Flag(setting), type, $"{char.ToUpperInvariant(description[0])}{description[1..]}.", null, _lists && IsNumber(type));
            _settings.Add((setting, option));
            command.Options.Add(option);
        }
    }

    private static string Flag(PropertyInfo property) => "--" + JsonNamingPolicy.KebabCaseLower.ConvertName(property.Name);

    private bool TakesLists(PropertyInfo property) =>
        _lists && IsNumber(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType)
        && !property.IsDefined(typeof(MayChangeAttribute)) && !property.IsDefined(typeof(OneValueAttribute));

    private static bool IsNumber(Type type) => type == typeof(int) || type == typeof(long) || type == typeof(double);

    private static Option<string?> Create(string flag, Type declared, string description, object? value, bool takesLists)
    {
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        var option = new Option<string?>(flag)
        {
            Description = description,
            HelpName = type.IsEnum ? string.Join('|', Names(type))
                : !IsNumber(type) ? "text"
                : (type == typeof(double) ? "number" : "int") + (takesLists ? ",..." : ""),
            Arity = type == typeof(bool) ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
        };
        if (type == typeof(bool))
            option.HelpName = "[true|false]";
        if (value is not (null or false))
            option.DefaultValueFactory = _ => type.IsEnum ? JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()!) : Convert.ToString(value, CultureInfo.InvariantCulture);
        return option;
    }

    /// <param name="place">What the text is part of, for the error.</param>
    private static object Parse(Type declared, string name, string text, string place = "")
    {
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        var invariant = CultureInfo.InvariantCulture;
        if (type == typeof(string))
            return text;
        if (type == typeof(int))
            return int.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out var i) ? i : throw Wrong($"a whole number of at most {int.MaxValue}");
        if (type == typeof(long))
            return long.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out var l) ? l : throw Wrong("a whole number");
        if (type == typeof(double))
            return double.TryParse(text, NumberStyles.Float, invariant, out var d) ? d : throw Wrong("a number, such as 0.5");
        if (type == typeof(bool))
            return bool.TryParse(text, out var b) ? b : throw Wrong("true or false, or stand alone");
        if (type.IsEnum)
        {
            return Enum.GetValues(type).Cast<object>().FirstOrDefault(v => JsonNamingPolicy.KebabCaseLower.ConvertName(v.ToString()!) == text)
                ?? throw new OptionException(Suggestion.Sentence(name.TrimStart('-'), text, Names(type)));
        }

        throw new InvalidOperationException($"Option {name} has type {type}, for which there is no flag.");

        OptionException Wrong(string expected) => new($"{name} must be {expected}; got '{text}'{place}.");
    }

    private static IEnumerable<string> Names(Type type) => Enum.GetNames(type).Select(JsonNamingPolicy.KebabCaseLower.ConvertName);
}
