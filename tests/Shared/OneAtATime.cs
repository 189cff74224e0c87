// Tests count live tensors and set libtorch's threads, which all of a process share.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
