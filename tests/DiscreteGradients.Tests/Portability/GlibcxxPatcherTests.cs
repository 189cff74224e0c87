using System.Buffers.Binary;
using System.Reflection;
using System.Text;
using DiscreteGradients.NativePortability;

namespace DiscreteGradients.Tests.Portability;

/// <summary>The patcher on TorchSharp's published library, on damaged forms of it, and on forms it should not touch.</summary>
public sealed class GlibcxxPatcherTests
{
    const string Symbol = "_ZSt21ios_base_library_initv";
    const string Version = "GLIBCXX_3.4.32";
    const string ReplacementSymbol = "_ZNSt6chrono3_V212steady_clock3nowEv";
    const string ReplacementVersion = "GLIBCXX_3.4.19";

    static readonly string PathInPackage = Path.Combine("runtimes", "linux-x64", "native", "libLibTorchSharp.so");

    static readonly byte[] Published = File.ReadAllBytes(Path.Combine(PackageFolder(), PathInPackage));

    static readonly Library Original = new(Published);

    [Fact]
    public void The_published_library_needs_the_version_for_one_symbol()
    {
        Assert.Contains(("libstdc++.so.6", Version), Original.Needs());
        Assert.Equal([Symbol], Original.SymbolsOf(Version));
    }

    [Fact]
    public void Patching_removes_the_need_and_the_symbol()
    {
        PatchResult result = GlibcxxPatcher.Patch(Published);

        Assert.Equal(PatchKind.Patched, result.Kind);
        Assert.Equal("The library does not need GLIBCXX_3.4.32 any more.", result.Message);
        var patched = new Library(result.Library);
        Assert.DoesNotContain(("libstdc++.so.6", Version), patched.Needs());
        Assert.DoesNotContain(Symbol, patched.Symbols());
        Assert.Equal(2, patched.SymbolsOf(ReplacementVersion).Count(name => name == ReplacementSymbol));
    }

    [Fact]
    public void Patching_changes_one_need_and_one_symbol_and_nothing_else()
    {
        var patched = new Library(GlibcxxPatcher.Patch(Published).Library);

        Assert.Equal(
            Original.Needs().Select(need => need.Version == Version ? (need.File, ReplacementVersion) : need),
            patched.Needs());
        Assert.Equal(Original.Symbols().Select(name => name == Symbol ? ReplacementSymbol : name), patched.Symbols());
        Assert.Equal(Published.Length, patched.Bytes.Length);
        Assert.InRange(Published.Zip(patched.Bytes).Count(pair => pair.First != pair.Second), 1, 12);
    }

    [Fact]
    public void Every_need_carries_the_hash_of_its_name_before_and_after()
    {
        Assert.All(Original.NeedHashes(), need => Assert.Equal(ElfHash(need.Version), need.Hash));
        Assert.All(
            new Library(GlibcxxPatcher.Patch(Published).Library).NeedHashes(), need => Assert.Equal(ElfHash(need.Version), need.Hash));
    }

    [Fact]
    public void Patching_leaves_the_given_bytes_alone()
    {
        byte[] given = Copy();

        GlibcxxPatcher.Patch(given);

        Assert.Equal(Published, given);
    }

    [Fact]
    public void A_patched_library_has_nothing_left_to_patch()
    {
        byte[] patched = GlibcxxPatcher.Patch(Published).Library;

        PatchResult again = GlibcxxPatcher.Patch(patched);

        Assert.Equal(PatchKind.AlreadyPortable, again.Kind);
        Assert.Equal("The library does not need GLIBCXX_3.4.32.", again.Message);
        Assert.Same(patched, again.Library);
    }

    [Fact]
    public void A_library_cut_off_anywhere_is_refused_as_damaged()
    {
        var random = new Random(20260714);
        IEnumerable<int> headerBytes = Enumerable.Range(0, 130);
        IEnumerable<int> boundaries = Original.Boundaries().SelectMany(end => new[] { end - 1, end, end + 1 });
        IEnumerable<int> anywhere = Enumerable.Range(0, 200).Select(_ => random.Next(Published.Length));
        IEnumerable<int> lengths = headerBytes.Concat(boundaries).Concat(anywhere);

        foreach (int length in lengths.Distinct().Where(length => length >= 0 && length < Published.Length))
        {
            string expected = length switch
            {
                < 4 => "an ELF file, got a file that does not begin like one",
                < 64 => $"the file header, 64 bytes at 0, to lie within the file, got a file of {length} bytes",
                _ => $"the section headers, {Original.SectionCount * 64} bytes at {Original.SectionHeaders}, "
                    + $"to lie within the file, got a file of {length} bytes",
            };
            AssertDamaged(expected, Published[..length]);
        }
    }

    [Fact]
    public void A_file_that_is_not_an_elf_file_is_refused_as_damaged()
    {
        AssertDamaged(
            "an ELF file, got a file that does not begin like one",
            "<!doctype html><title>503 Service Unavailable</title>"u8.ToArray());
    }

    [Theory]
    [InlineData(".dynsym")]
    [InlineData(".dynstr")]
    [InlineData(".gnu.version")]
    [InlineData(".gnu.version_r")]
    public void A_section_that_lies_outside_the_file_is_refused_as_damaged(string section)
    {
        (int header, int offset, int size) = Original.Section(section);

        byte[] moved = Copy();
        BinaryPrimitives.WriteUInt64LittleEndian(moved.AsSpan(header + 24), ulong.MaxValue);
        AssertDamaged(
            $"{section}, {size} bytes at {ulong.MaxValue}, to lie within the file, got a file of {moved.Length} bytes", moved);

        byte[] grown = Copy();
        BinaryPrimitives.WriteUInt64LittleEndian(grown.AsSpan(header + 32), ulong.MaxValue);
        AssertDamaged(
            $"{section}, {ulong.MaxValue} bytes at {offset}, to lie within the file, got a file of {grown.Length} bytes", grown);
    }

    [Fact]
    public void Tables_that_point_outside_their_sections_are_refused_as_damaged()
    {
        (int header, int needs, int size) = Original.Section(".gnu.version_r");
        AssertDamaged(
            $".gnu.version_r to reach to byte {uint.MaxValue + 4L}, got a section of {size} bytes",
            Copy(bytes => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(needs + 8), uint.MaxValue)));
        AssertDamaged(
            $".gnu.version_r to reach to byte {uint.MaxValue + 4L}, got a section of {size} bytes",
            Copy(bytes => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(needs + 12), uint.MaxValue)));
        AssertDamaged(
            ".gnu.version_r to reach to byte 4, got a section of 0 bytes",
            Copy(bytes => BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(header + 32), 0)));

        (_, _, int names) = Original.Section(".dynstr");
        AssertDamaged(
            $".dynstr to reach to byte {uint.MaxValue + 1L}, got a section of {names} bytes",
            Copy(bytes => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Original.NeedAt(Version) + 8), uint.MaxValue)));

        (int symbols, _, _) = Original.Section(".dynsym");
        AssertDamaged(
            $".dynsym to name a section that exists, got section {uint.MaxValue}",
            Copy(bytes =>
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(symbols + 40), uint.MaxValue);
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(header + 40), uint.MaxValue);
            }));
    }

    [Fact]
    public void Random_bytes_in_the_headers_and_tables_never_throw_and_never_leave_the_need_in_a_patched_library()
    {
        var random = new Random(20260715);
        (int offset, int length)[] places =
        [
            (0, 64), (Original.SectionHeaders, Original.SectionCount * 64), (Original.Section(".gnu.version_r").Offset, 528),
        ];
        byte[] bytes = Copy();
        for (int i = 0; i < 600; i++)
        {
            (int offset, int length) = places[i % places.Length];
            int at = offset + random.Next(length);
            bytes[at] = (byte)random.Next(256);

            PatchResult result = GlibcxxPatcher.Patch(bytes);

            if (result.Kind == PatchKind.Patched)
                Assert.Equal(PatchKind.AlreadyPortable, GlibcxxPatcher.Patch(result.Library).Kind);
            else
                Assert.Same(bytes, result.Library);
            bytes[at] = Published[at];
        }
    }

    [Fact]
    public void A_second_symbol_of_the_version_is_refused()
    {
        int other = Original.SymbolIndex("_Znwm"), initialiser = Original.SymbolIndex(Symbol);
        int indexes = Original.Section(".gnu.version").Offset;

        AssertUnknown(
            "only _ZSt21ios_base_library_initv to need GLIBCXX_3.4.32, got _Znwm",
            Copy(bytes => bytes.AsSpan(indexes + 2 * initialiser, 2).CopyTo(bytes.AsSpan(indexes + 2 * other))));
    }

    [Fact]
    public void A_version_that_no_symbol_needs_is_refused()
    {
        int other = Original.SymbolIndex("_Znwm"), initialiser = Original.SymbolIndex(Symbol);
        int indexes = Original.Section(".gnu.version").Offset;

        AssertUnknown(
            "_ZSt21ios_base_library_initv to need GLIBCXX_3.4.32, got no symbol that does",
            Copy(bytes => bytes.AsSpan(indexes + 2 * other, 2).CopyTo(bytes.AsSpan(indexes + 2 * initialiser))));
    }

    [Theory]
    [InlineData(Symbol, "only _ZSt21ios_base_library_initv to need GLIBCXX_3.4.32, got xZSt21ios_base_library_initv")]
    [InlineData(ReplacementSymbol, "_ZNSt6chrono3_V212steady_clock3nowEv of GLIBCXX_3.4.19 among the imports, got no such symbol")]
    [InlineData(ReplacementVersion, "GLIBCXX_3.4.19 to be needed of the same library as GLIBCXX_3.4.32, got no such need")]
    public void A_library_without_one_of_the_names_is_refused(string name, string expected)
    {
        (_, int strings, int size) = Original.Section(".dynstr");
        int at = strings + Published.AsSpan(strings, size).IndexOf(Encoding.ASCII.GetBytes($"\0{name}\0")) + 1;
        Assert.True(at > strings);

        AssertUnknown(expected, Copy(bytes => bytes[at] = (byte)'x'));
    }

    [Theory]
    [InlineData(".dynsym")]
    [InlineData(".gnu.version")]
    [InlineData(".gnu.version_r")]
    public void A_library_without_one_of_the_sections_is_refused(string section)
    {
        int type = Original.Section(section).Header + 4;

        AssertUnknown($"a section {section}, got none", Copy(bytes => bytes[type] ^= 0x40));
    }

    [Theory]
    [InlineData(".dynsym")]
    [InlineData(".gnu.version")]
    [InlineData(".gnu.version_r")]
    public void A_library_with_two_of_the_sections_is_refused(string section)
    {
        int type = Original.Section(section).Header + 4, other = Original.Section(".comment").Header + 4;

        AssertUnknown($"one section {section}, got two", Copy(bytes => bytes.AsSpan(type, 4).CopyTo(bytes.AsSpan(other))));
    }

    [Fact]
    public void Tables_that_do_not_fit_each_other_are_refused()
    {
        (int header, _, int size) = Original.Section(".gnu.version");
        AssertUnknown(
            $".dynsym and .gnu.version to describe the same symbols, got {size * 12} and {size - 2} bytes",
            Copy(bytes => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(header + 32), size - 2)));

        int needs = Original.Section(".gnu.version_r").Header;
        AssertUnknown("one string table for .dynsym and .gnu.version_r, got two", Copy(bytes => bytes[needs + 40]++));

        (int need, int twin) = (Original.NeedAt(Version), Original.NeedAt("GLIBCXX_3.4.18"));
        AssertUnknown(
            "one need of GLIBCXX_3.4.32, got two",
            Copy(bytes => bytes.AsSpan(need + 8, 4).CopyTo(bytes.AsSpan(twin + 8))));
    }

    [Theory]
    [InlineData(4, 1, "a 64-bit little-endian ELF file, got class 1, data 1")]
    [InlineData(5, 2, "a 64-bit little-endian ELF file, got class 2, data 2")]
    [InlineData(18, 183, "machine 62 (x86-64), got machine 183")]
    [InlineData(58, 40, "section headers of 64 bytes, got 31 of 40 bytes")]
    [InlineData(60, 0, "section headers of 64 bytes, got 0 of 64 bytes")]
    public void A_library_for_another_machine_is_refused(int at, byte value, string expected)
    {
        AssertUnknown(expected, Copy(bytes => bytes[at] = value));
    }

    [Fact]
    public void The_output_holds_a_patched_copy_and_the_nuget_cache_the_published_library()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only outputs for Linux hold this library for sure.");
        string flat = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        string output = File.Exists(flat) ? flat : Path.Combine(AppContext.BaseDirectory, PathInPackage);

        Assert.Contains(("libstdc++.so.6", Version), Original.Needs());
        Assert.Equal(GlibcxxPatcher.Patch(Published).Library, File.ReadAllBytes(output));
    }

    static void AssertDamaged(string expectation, byte[] library)
    {
        AssertRefused(
            PatchKind.Damaged,
            $"TorchSharp's library is damaged: expected {expectation}; "
            + "delete the torchsharp folder of the NuGet package cache and restore again.",
            library);
    }

    static void AssertUnknown(string expectation, byte[] library)
    {
        AssertRefused(
            PatchKind.UnknownLayout,
            $"TorchSharp's library has an unknown layout: expected {expectation}; it is used as it is, and may fail to load where "
            + "libstdc++ is older than GCC 13.2's (GLIBCXX_3.4.32), so run it on a newer system or use another version of TorchSharp.",
            library);
    }

    static void AssertRefused(PatchKind kind, string message, byte[] library)
    {
        PatchResult result = GlibcxxPatcher.Patch(library);

        Assert.Equal((kind, message), (result.Kind, result.Message));
        Assert.Same(library, result.Library);
    }

    static byte[] Copy(Action<byte[]>? change = null)
    {
        byte[] bytes = [.. Published];
        change?.Invoke(bytes);
        return bytes;
    }

    static string PackageFolder()
    {
        return typeof(GlibcxxPatcherTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "TorchSharpPackage").Value!;
    }

    /// <summary>The hash of the System V ABI, by which the linker compares versions.</summary>
    static uint ElfHash(string name)
    {
        uint hash = 0;
        foreach (char c in name)
        {
            hash = (hash << 4) + c;
            uint high = hash & 0xf0000000;
            hash = (hash ^ (high >> 24)) & ~high;
        }

        return hash;
    }

    /// <summary>Reads a sound library the way the dynamic linker does, from its dynamic segment; sections it finds by name.</summary>
    sealed class Library(byte[] bytes)
    {
        public byte[] Bytes => bytes;

        public int SectionHeaders => (int)Int64(40);

        public int SectionCount => UInt16(60);

        public IReadOnlyList<(string File, string Version)> Needs()
        {
            return [.. AllNeeds().Select(need => (need.File, need.Version))];
        }

        public IEnumerable<(string Version, uint Hash)> NeedHashes()
        {
            return AllNeeds().Select(need => (need.Version, (uint)Int32(need.At)));
        }

        public int NeedAt(string version)
        {
            return AllNeeds().Single(need => need.Version == version).At;
        }

        public IEnumerable<string> Symbols()
        {
            return Enumerable.Range(0, SymbolCount()).Select(SymbolName);
        }

        public IEnumerable<string> SymbolsOf(string version)
        {
            int indexes = Dynamic(0x6ffffff0);
            HashSet<int> wanted = [.. AllNeeds().Where(need => need.Version == version).Select(need => (int)UInt16(need.At + 6))];
            return Enumerable.Range(0, SymbolCount()).Where(i => wanted.Contains(UInt16(indexes + 2 * i) & 0x7fff)).Select(SymbolName);
        }

        public int SymbolIndex(string name)
        {
            return Enumerable.Range(0, SymbolCount()).Single(i => SymbolName(i) == name);
        }

        public (int Header, int Offset, int Size) Section(string name)
        {
            int names = (int)Int64(SectionHeaders + 64 * UInt16(62) + 24);
            int header = Enumerable.Range(0, SectionCount).Select(i => SectionHeaders + 64 * i)
                .Single(at => Text(names + Int32(at)) == name);
            return (header, (int)Int64(header + 24), (int)Int64(header + 32));
        }

        /// <summary>Where headers, segments and sections begin and end.</summary>
        public IEnumerable<int> Boundaries()
        {
            for (int i = 0; i < UInt16(56); i++)
            {
                int segment = (int)Int64(32) + 56 * i;
                yield return segment;
                yield return (int)Int64(segment + 8);
                yield return (int)(Int64(segment + 8) + Int64(segment + 32));
            }

            for (int i = 0; i < SectionCount; i++)
            {
                int section = SectionHeaders + 64 * i;
                yield return section;
                yield return (int)Int64(section + 24);
                yield return (int)(Int64(section + 24) + Int64(section + 32));
            }
        }

        IEnumerable<(string File, string Version, int At)> AllNeeds()
        {
            int strings = Dynamic(5);
            int file = Dynamic(0x6ffffffe);
            for (int next = -1; next != 0; file += next)
            {
                int need = file + Int32(file + 8);
                for (int i = 0; i < UInt16(file + 2); i++, need += Int32(need + 12))
                    yield return (Text(strings + Int32(file + 4)), Text(strings + Int32(need + 8)), need);
                next = Int32(file + 12);
            }
        }

        /// <summary>The string table follows the symbols, in this library as in most.</summary>
        int SymbolCount()
        {
            return (Dynamic(5) - Dynamic(6)) / 24;
        }

        string SymbolName(int index)
        {
            return Text(Dynamic(5) + Int32(Dynamic(6) + 24 * index));
        }

        /// <summary>An entry of the dynamic segment; the tables it points to lie at the same place in the file and in memory.</summary>
        int Dynamic(long tag)
        {
            int segment = Enumerable.Range(0, UInt16(56)).Select(i => (int)Int64(32) + 56 * i).Single(at => Int32(at) == 2);
            int entry = (int)Int64(segment + 8);
            while (Int64(entry) != tag) entry += 16;
            return (int)Int64(entry + 8);
        }

        string Text(int at)
        {
            return Encoding.ASCII.GetString(bytes, at, Array.IndexOf(bytes, (byte)0, at) - at);
        }

        ushort UInt16(int at)
        {
            return BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));
        }

        int Int32(int at)
        {
            return BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
        }

        long Int64(int at)
        {
            return BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
        }
    }
}
