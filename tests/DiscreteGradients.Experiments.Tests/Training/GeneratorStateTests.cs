using System.Buffers.Binary;

namespace DiscreteGradients.Experiments.Tests.Training;

public sealed class GeneratorStateTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(623)]
    [InlineData(624)]
    [InlineData(625)]
    [InlineData(2000)]
    public void Every_state_of_a_generator_is_one(int draws)
    {
        using var generator = new Generator(ulong.MaxValue);
        using var scope = NewDisposeScope();
        for (var i = 0; i < draws; i++)
            rand(1, generator: generator);
        Assert.Null(GeneratorState.Flaw(generator.get_state().bytes));

        randn(1, generator: generator);  // keeps the second of a pair of normal numbers
        randn(1, ScalarType.Float64, generator: generator);
        Assert.Null(GeneratorState.Flaw(generator.get_state().bytes));
    }

    public static TheoryData<int, int, string> Damages { get; } = new()
    {
        { 8, 0, "0 of its 624 words are left, and word 400 is next" },
        { 8, -1, "-1 of its 624 words are left, and word 400 is next" },
        { 8, 224, "224 of its 624 words are left, and word 400 is next" },  // libtorch would read 223 words, and the first of them too late
        { 8, 624, "624 of its 624 words are left, and word 400 is next" },  // libtorch would read 400 words beyond the last
        { 8, 625, "625 of its 624 words are left, and word 400 is next" },
        { 12, 0, "it is not seeded" },
        { 12, 2, "it is not seeded" },
        { 16, 624, "225 of its 624 words are left, and word 624 is next" },
        { 20, 1, "225 of its 624 words are left, and word 4294967696 is next" },
        { 28, 1, "its words are none of a Mersenne twister" },
        { 5016, 1, "its normal sample is none" },
        { 5028, 0x7FF00000, "its normal sample is none" },
        { 5040, 2, "its normal sample is none" },
        { 5048, 0x7F800000, "its normal sample is none" },
        { 5052, 255, "its normal sample is none" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_state_that_no_generator_is_in_is_refused(int place, int value, string flaw)
    {
        using var generator = new Generator(5);
        using var scope = NewDisposeScope();
        rand(400, generator: generator);
        var state = generator.get_state().bytes.ToArray();
        Assert.Null(GeneratorState.Flaw(state));

        BinaryPrimitives.WriteInt32LittleEndian(state.AsSpan(place), value);

        Assert.Equal(flaw, GeneratorState.Flaw(state));
    }

    [Fact]
    public void Bytes_of_one_kind_and_other_lengths_are_refused()
    {
        Assert.Equal("it is not seeded", GeneratorState.Flaw(Enumerable.Repeat((byte)0xff, 5056).ToArray()));
        Assert.Equal("it is not seeded", GeneratorState.Flaw(new byte[5056]));
        Assert.Equal("it has 5055 bytes", GeneratorState.Flaw(new byte[5055]));
        Assert.Equal("it has 0 bytes", GeneratorState.Flaw([]));
        Assert.Null(GeneratorState.Flaw(new byte[16]));
        Assert.Equal("its offset is none", GeneratorState.Flaw([1, 2, 3, 4, 5, 6, 7, 8, 1, 0, 0, 0, 0, 0, 0, 0]));
    }
}
