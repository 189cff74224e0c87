namespace DiscreteGradients.Experiments.Tests.Networks;

public sealed class WeightsTests
{
    public static TheoryData<int, int, bool> Sizes => new()
    {
        { 8, 32, false }, { 8, 32, true }, { 24, 8, false }, { 24, 8, true }, { 40, 72, false }, { 40, 72, true }, { 304, 104, true },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Products_of_any_number_of_rows_are_those_of_libtorch(int inputs, int outputs, bool byOutput)
    {
        Compare<float>(inputs, outputs, byOutput, ScalarType.Float32, 1e-4);
        Compare<double>(inputs, outputs, byOutput, ScalarType.Float64, 1e-12);
    }

    [Theory]
    [InlineData(5, 8, 8)]
    [InlineData(1, 64, 40)]
    [InlineData(130, 64, 40)]
    public void Gradients_of_matrices_are_those_of_libtorch(int rows, int outputs, int inputs)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        using Room<float> a = new(outputs), b = new(inputs), result = new(inputs);
        var (x, y) = (Fill(a, rows, ScalarType.Float32, generator), Fill(b, rows, ScalarType.Float32, generator));

        Weights<float>.Gradient(a, b, result, rows);

        Assert.InRange((result.Rows(0, outputs) - x.t().mm(y)).abs().max().item<float>(), 0, 1e-4);
    }

    private static void Compare<T>(int inputs, int outputs, bool byOutput, ScalarType dtype, double bound)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        using var weights = new Weights<T>(inputs, outputs, byOutput);
        using Room<T> x = new(inputs + 8), y = new(Weights<T>.Padded(outputs));
        var matrix = Fill(weights.Source, byOutput ? outputs : inputs, dtype, generator);
        var rows = Fill(x, 210, dtype, generator).narrow(1, 0, inputs);
        var expected = rows.mm(byOutput ? matrix.t() : matrix);
        weights.Pack();
        y.Hold(211);
        foreach (var count in (int[])[.. Enumerable.Range(0, 38), 95, 96, 97, 205])
        {
            y.Rows(0, 211).fill_(7);
            weights.Multiply(x, 3, y, 2, count);

            Assert.InRange((y.Rows(2, count).narrow(1, 0, outputs) - expected.narrow(0, 3, count)).abs().sum().to_type(ScalarType.Float64)
                .item<double>() / Math.Max(1, count * outputs), 0, bound);
            Assert.True((y.Rows(0, 2) == 7).all().item<bool>() && (y.Rows(2 + count, 209 - count) == 7).all().item<bool>());
        }
    }

    private static Tensor Fill<T>(Room<T> room, int rows, ScalarType dtype, Generator generator)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        room.Hold(rows);
        var values = randn([rows, room.Width], dtype, generator: generator);
        room.Rows(0, rows).copy_(values);
        return values;
    }
}
