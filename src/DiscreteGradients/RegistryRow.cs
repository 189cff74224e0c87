namespace DiscreteGradients;

/// <summary>A row of a registry: how to make what it names from the settings that it reads, which are those it declares.</summary>
internal sealed class RegistryRow<T>
{
    private static readonly Dictionary<string, object> Nothing = [];

    private readonly string _name;
    private readonly Func<SettingReader, T> _create;

    internal RegistryRow(string name, Func<SettingReader, T> create)
    {
        (_name, _create) = (name, create);
        var reader = new SettingReader(Nothing);
        Default = create(reader);
        Settings = reader.Declared;
    }

    internal T Default { get; }

    internal IReadOnlyList<EstimatorSetting> Settings { get; }

    internal bool Has(string setting) => Settings.Any(s => s.Name == setting);

    /// <exception cref="ArgumentException">A value is of the wrong type or out of range, or there is no such setting.</exception>
    internal T Create(IReadOnlyDictionary<string, object> settings)
    {
        Check.Given(settings);
        if (settings.Keys.FirstOrDefault(name => !Has(name)) is { } unknown)
        {
            var known = Settings.Count == 0 ? "none" : string.Join(", ", Settings.Select(s => s.Name));
            throw new ArgumentException($"'{_name}' has no setting '{unknown}'; it has {known}.", nameof(settings));
        }

        return _create(new SettingReader(settings));
    }
}
