using BenchmarkDotNet.Running;
using DiscreteGradients.Benchmarks;

if (args is ["tree-step", ..])
    TreeStep.Run(args);
else if (args is ["tree-lengths", ..])
    TreeLengths.Run(args);
else if (args is ["vae-step"])
    VaeStep.Run();
else if (args is ["moe-layer", ..])
    MoeLayer.Run(args);
else if (args is ["nas-step"])
    NasStep.Run();
else
    BenchmarkSwitcher.FromTypes([typeof(KernelBenchmarks)]).Run(args, new KernelConfig());
