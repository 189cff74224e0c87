using System.ComponentModel;

namespace DiscreteGradients.Experiments;

/// <summary>Settings of the architecture search; the defaults are those of the preset that fits a laptop.</summary>
public sealed record NasOptions : IPresetOptions
{
    [Description("Settings by name, which other options override: small (16x16, minutes), paper (NATS-Bench's, days on a CPU).")]
    [Incidental]
    public string? Preset { get; init; }

    [Description("Images with three colours: cifar10-16x16, cifar10, cifar10-jpeg, fashion-mnist or made-shapes; see 'dgrad data'.")]
    public string Dataset { get; init; } = "cifar10-16x16";

    [Description("Folder with one folder per data set (cifar10/, ...); tried before $DGRAD_DATA, the cache and the system.")]
    [MayChange, Incidental]
    public string? Data { get; init; }

    [Description("At most so many images in each half, for weights and for the architecture; by default all.")]
    public int? Images { get; init; }

    [Description("Channels of the first stage, a multiple of 8.")]
    public int Channels { get; init; } = 8;

    [Description("Cells in each of the three stages.")]
    public int StageCells { get; init; } = 1;

    [Description("Epochs, each once through the half for weights.")]
    public int Epochs { get; init; } = 10;

    [Description("Images per step.")]
    public int Batch { get; init; } = 64;

    [Description("Learning rate of the weights at the start; it falls along half a cosine.")]
    public double Lr { get; init; } = 0.025;

    [Description("Learning rate of the weights at the end.")]
    public double LrEnd { get; init; } = 0.001;

    [Description("Weight decay of the weights.")]
    public double Decay { get; init; } = 5e-4;

    [Description("Learning rate of the architecture's logits.")]
    [Tuned]
    public double ArchLr { get; init; } = 0.01;

    [Description("Weight decay of the architecture's logits; by default the preset's for the method.")]
    [Tuned]
    public double? ArchDecay { get; init; }

    [Description("Temperature in the last epoch, in a straight line from --temperature; by default the preset's for the method.")]
    [Tuned]
    public double? TemperatureEnd { get; init; }

    [Description("Pictures of the logits over the epochs and of the cell every so many epochs and after the last; 0: none.")]
    [Incidental]
    public int PictureEvery { get; init; } = 10;

    [Description("Compare gradients at the logits of two edges with the exact one every so many epochs, the first included; 0: never.")]
    [Incidental]
    public int QualityEvery { get; init; }

    [Description("Methods whose gradients are compared, separated by commas.")]
    [Incidental, OneValue]
    public string QualityMethods { get; init; } = "reinmax,st,gdas,gdas-reinmax,dsnas,mid-point";

    [Description("Gradient estimates for each of these methods.")]
    [Incidental]
    public int QualityDraws { get; init; } = 256;

    [Description(Devices.Description)]
    [Incidental, OneValue]
    public string Device { get; init; } = "cpu";

    object IPresetOptions.Defaults => Preset is null ? new NasOptions() : NasPresets.Get(Preset);
}
