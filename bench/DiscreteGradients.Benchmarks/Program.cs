using BenchmarkDotNet.Running;
using DiscreteGradients.Benchmarks;

BenchmarkSwitcher.FromTypes([typeof(KernelBenchmarks)]).Run(args, new KernelConfig());
