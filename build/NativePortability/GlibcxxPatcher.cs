// Lets TorchSharp's Linux library load where libstdc++ is that of GCC 12 (Debian 12, Ubuntu 22.04), not of GCC 13.2 or later.
//
// libLibTorchSharp.so needs version GLIBCXX_3.4.32 of libstdc++ for one symbol only: std::ios_base_library_init(), whose presence
// proves that libstdc++ itself sets up std::cout and its kin. An older libstdc++ leaves that to whoever uses these streams;
// libLibTorchSharp.so neither uses them nor calls the symbol, so nothing is lost without it.
//
// Two edits in the tables of the dynamic linker remove the need:
//
//   .dynsym           the symbol takes the name of std::chrono::steady_clock::now(), a function without arguments that the library
//                     imports anyway: whoever should come to call it after all would do no harm;
//   .gnu.version_r    the need of GLIBCXX_3.4.32 becomes a second need of GLIBCXX_3.4.19, the version of that function. The linker
//                     looks up each need by itself, so it may occur twice; .gnu.version, which points at needs, stays as it is.
//
// Every libstdc++ that the original loads with has that function too, so the patched library loads wherever the original does.
//
// MSBuild compiles this file, as one, for .NET Standard 2.0 (hence no BinaryPrimitives, no records); the tests compile the patcher.

#nullable enable

using System;
using System.IO;
using System.Text;

namespace DiscreteGradients.NativePortability;

public enum PatchKind
{
    /// <summary>The need is gone from the copy in <see cref="PatchResult.Library"/>.</summary>
    Patched,

    /// <summary>The library has no such need, so there is nothing to do.</summary>
    AlreadyPortable,

    /// <summary>An intact library, as far as can be seen, but not one that this patcher knows how to change.</summary>
    UnknownLayout,

    /// <summary>Not a whole ELF file.</summary>
    Damaged,
}

public sealed class PatchResult
{
    public PatchResult(PatchKind kind, byte[] library, string message)
    {
        Kind = kind;
        Library = library;
        Message = message;
    }

    public PatchKind Kind { get; }

    /// <summary>The library to use: a changed copy if <see cref="PatchKind.Patched"/>, else the bytes that were given.</summary>
    public byte[] Library { get; }

    public string Message { get; }
}

public static class GlibcxxPatcher
{
    const string Symbol = "_ZSt21ios_base_library_initv";
    const string Version = "GLIBCXX_3.4.32";
    const string ReplacementSymbol = "_ZNSt6chrono3_V212steady_clock3nowEv";
    const string ReplacementVersion = "GLIBCXX_3.4.19";

    const uint DynSym = 11;                 // SHT_DYNSYM
    const uint VersionNeeds = 0x6ffffffe;   // SHT_GNU_verneed
    const uint VersionIndexes = 0x6fffffff; // SHT_GNU_versym
    const int HeaderSize = 64;
    const int SectionHeaderSize = 64;
    const int SymbolSize = 24;
    const ushort VersionIndexMask = 0x7fff; // The other bit marks hidden symbols.

    /// <summary>Removes the need of GLIBCXX_3.4.32 from a copy of the library, or says why it cannot. Never throws.</summary>
    public static PatchResult Patch(byte[] library)
    {
        try
        {
            return PatchOrRefuse(library);
        }
        catch (RefusedException refused)
        {
            return new PatchResult(refused.Kind, library, refused.Message);
        }
    }

    static PatchResult PatchOrRefuse(byte[] library)
    {
        var file = new ElfFile(library);
        Section needs = file.Find(VersionNeeds, ".gnu.version_r");
        Section symbols = file.Find(DynSym, ".dynsym");
        Section indexes = file.Find(VersionIndexes, ".gnu.version");
        Section names = file.StringsOf(symbols);
        if (needs.Link != symbols.Link) throw Unknown("one string table for .dynsym and .gnu.version_r", "two");

        FindNeeds(file, needs, names, out Need? need, out Need? replacementNeed);
        if (need == null) return new PatchResult(PatchKind.AlreadyPortable, library, $"The library does not need {Version}.");
        if (replacementNeed == null || replacementNeed.Dependency != need.Dependency)
            throw Unknown($"{ReplacementVersion} to be needed of the same library as {Version}", "no such need");

        FindSymbols(file, symbols, indexes, names, need, replacementNeed, out ulong symbol, out uint replacementName);

        byte[] patched = (byte[])library.Clone();
        Write(patched, symbol, replacementName);
        Write(patched, need.Offset, replacementNeed.Hash);
        Write(patched, need.Offset + Need.NameOffset, replacementNeed.Name);
        return new PatchResult(PatchKind.Patched, patched, $"The library does not need {Version} any more.");
    }

    /// <summary>Walks the list of dependencies (Elf64_Verneed) and the list of versions needed of each (Elf64_Vernaux).</summary>
    static void FindNeeds(ElfFile file, Section needs, Section names, out Need? need, out Need? replacement)
    {
        need = null;
        replacement = null;
        ulong dependency = 0, nextDependency;
        do
        {
            ushort count = file.UInt16(needs, dependency + 2);
            ulong version = dependency + file.UInt32(needs, dependency + 8);
            nextDependency = file.UInt32(needs, dependency + 12);
            for (int i = 0; i < count; i++)
            {
                var found = new Need(
                    dependency,
                    needs.Offset + version,
                    hash: file.UInt32(needs, version),
                    index: (ushort)(file.UInt16(needs, version + 6) & VersionIndexMask),
                    name: file.UInt32(needs, version + Need.NameOffset));
                if (file.TextIs(Version, names, found.Name))
                {
                    if (need != null) throw Unknown($"one need of {Version}", "two");
                    need = found;
                }
                else if (file.TextIs(ReplacementVersion, names, found.Name))
                {
                    replacement = found;
                }

                uint nextVersion = file.UInt32(needs, version + 12);
                if (nextVersion == 0) break;
                version += nextVersion;
            }

            dependency += nextDependency;
        }
        while (nextDependency != 0);
    }

    /// <summary>Finds the only symbol of the unwanted version and the name of its replacement.</summary>
    static void FindSymbols(
        ElfFile file, Section symbols, Section indexes, Section names, Need need, Need replacementNeed,
        out ulong symbolOffset, out uint replacementName)
    {
        ulong count = symbols.Size / SymbolSize;
        if (symbols.Size % SymbolSize != 0 || indexes.Size != count * 2)
            throw Unknown(".dynsym and .gnu.version to describe the same symbols", $"{symbols.Size} and {indexes.Size} bytes");

        symbolOffset = 0;
        replacementName = 0;
        for (ulong i = 0; i < count; i++)
        {
            ushort index = (ushort)(file.UInt16(indexes, i * 2) & VersionIndexMask);
            if (index != need.Index && index != replacementNeed.Index) continue;

            uint name = file.UInt32(symbols, i * SymbolSize);
            if (index == need.Index)
            {
                if (!file.TextIs(Symbol, names, name) || symbolOffset != 0)
                    throw Unknown($"only {Symbol} to need {Version}", file.Text(names, name));
                symbolOffset = symbols.Offset + i * SymbolSize;
            }
            else if (file.TextIs(ReplacementSymbol, names, name))
            {
                replacementName = name;
            }
        }

        if (symbolOffset == 0) throw Unknown($"{Symbol} to need {Version}", "no symbol that does");
        if (replacementName == 0) throw Unknown($"{ReplacementSymbol} of {ReplacementVersion} among the imports", "no such symbol");
    }

    static void Write(byte[] bytes, ulong offset, uint value)
    {
        for (int i = 0; i < 4; i++) bytes[offset + (ulong)i] = (byte)(value >> (8 * i));
    }

    static RefusedException Damaged(string expected, string got)
    {
        return new RefusedException(
            PatchKind.Damaged,
            $"TorchSharp's library is damaged: expected {expected}, got {got}; "
            + "delete the torchsharp folder of the NuGet package cache and restore again.");
    }

    static RefusedException Unknown(string expected, string got)
    {
        return new RefusedException(
            PatchKind.UnknownLayout,
            $"TorchSharp's library has an unknown layout: expected {expected}, got {got}; it is used as it is, and may fail to load "
            + $"where libstdc++ is older than GCC 13.2's ({Version}), so run it on a newer system or use another version of TorchSharp.");
    }

    /// <summary>One version that is needed of a dependency (Elf64_Vernaux).</summary>
    sealed class Need
    {
        public const int NameOffset = 8;

        public Need(ulong dependency, ulong offset, uint hash, ushort index, uint name)
        {
            Dependency = dependency;
            Offset = offset;
            Hash = hash;
            Index = index;
            Name = name;
        }

        public ulong Dependency { get; }

        /// <summary>Where it lies in the file; its first field is <see cref="Hash"/>.</summary>
        public ulong Offset { get; }

        public uint Hash { get; }

        /// <summary>How .gnu.version refers to it.</summary>
        public ushort Index { get; }

        public uint Name { get; }
    }

    /// <summary>A section that was seen to lie within the file.</summary>
    sealed class Section
    {
        public Section(string name, ulong offset, ulong size, uint link)
        {
            Name = name;
            Offset = offset;
            Size = size;
            Link = link;
        }

        public string Name { get; }

        public ulong Offset { get; }

        public ulong Size { get; }

        public uint Link { get; }
    }

    /// <summary>Reads a 64-bit little-endian x86-64 ELF file; refuses whatever would lie outside the file or the section read.</summary>
    sealed class ElfFile
    {
        readonly byte[] _bytes;
        readonly Section _headers;

        public ElfFile(byte[] bytes)
        {
            _bytes = bytes;
            if (bytes.Length < 4 || bytes[0] != 0x7f || bytes[1] != 'E' || bytes[2] != 'L' || bytes[3] != 'F')
                throw Damaged("an ELF file", "a file that does not begin like one");

            Section header = Within("the file header", 0, HeaderSize);
            if (bytes[4] != 2 || bytes[5] != 1) throw Unknown("a 64-bit little-endian ELF file", $"class {bytes[4]}, data {bytes[5]}");

            ushort machine = UInt16(header, 18);
            if (machine != 62) throw Unknown("machine 62 (x86-64)", $"machine {machine}");

            ushort entrySize = UInt16(header, 58);
            ushort count = UInt16(header, 60);
            if (entrySize != SectionHeaderSize || count == 0)
                throw Unknown($"section headers of {SectionHeaderSize} bytes", $"{count} of {entrySize} bytes");
            _headers = Within("the section headers", UInt64(header, 40), (ulong)count * SectionHeaderSize);
        }

        /// <summary>The only section of that type; the name, by convention, is for messages.</summary>
        public Section Find(uint type, string name)
        {
            Section? found = null;
            for (ulong header = 0; header < _headers.Size; header += SectionHeaderSize)
            {
                if (UInt32(_headers, header + 4) != type) continue;
                if (found != null) throw Unknown($"one section {name}", "two");
                found = At(header, name);
            }

            return found ?? throw Unknown($"a section {name}", "none");
        }

        public Section StringsOf(Section symbols)
        {
            ulong header = (ulong)symbols.Link * SectionHeaderSize;
            if (header >= _headers.Size) throw Damaged($"{symbols.Name} to name a section that exists", $"section {symbols.Link}");
            return At(header, ".dynstr");
        }

        public ushort UInt16(Section section, ulong offset)
        {
            return (ushort)Read(section, offset, 2);
        }

        public uint UInt32(Section section, ulong offset)
        {
            return (uint)Read(section, offset, 4);
        }

        ulong UInt64(Section section, ulong offset)
        {
            return Read(section, offset, 8);
        }

        public bool TextIs(string text, Section strings, ulong offset)
        {
            if (offset >= strings.Size) throw Outside(strings, offset, 1);
            if (strings.Size - offset <= (ulong)text.Length) return false;
            for (int i = 0; i < text.Length; i++)
            {
                if (_bytes[strings.Offset + offset + (ulong)i] != text[i]) return false;
            }

            return _bytes[strings.Offset + offset + (ulong)text.Length] == 0;
        }

        public string Text(Section strings, ulong offset)
        {
            if (offset >= strings.Size) throw Outside(strings, offset, 1);
            int start = (int)(strings.Offset + offset), end = (int)(strings.Offset + strings.Size);
            int zero = Array.IndexOf(_bytes, (byte)0, start, end - start);
            return Encoding.ASCII.GetString(_bytes, start, (zero < 0 ? end : zero) - start);
        }

        Section At(ulong header, string name)
        {
            return Within(name, UInt64(_headers, header + 24), UInt64(_headers, header + 32), UInt32(_headers, header + 40));
        }

        Section Within(string name, ulong offset, ulong size, uint link = 0)
        {
            ulong length = (ulong)_bytes.Length;
            if (offset > length || size > length - offset)
                throw Damaged($"{name}, {size} bytes at {offset}, to lie within the file", $"a file of {length} bytes");
            return new Section(name, offset, size, link);
        }

        ulong Read(Section section, ulong offset, int size)
        {
            if (offset > section.Size || (ulong)size > section.Size - offset) throw Outside(section, offset, size);

            ulong value = 0;
            for (int i = size - 1; i >= 0; i--) value = (value << 8) | _bytes[section.Offset + offset + (ulong)i];
            return value;
        }

        static RefusedException Outside(Section section, ulong offset, int size)
        {
            return Damaged($"{section.Name} to reach to byte {offset + (ulong)size}", $"a section of {section.Size} bytes");
        }
    }

    sealed class RefusedException : Exception
    {
        public RefusedException(PatchKind kind, string message)
            : base(message)
        {
            Kind = kind;
        }

        public PatchKind Kind { get; }
    }
}

#if !NET
/// <summary>Writes a patched copy of the library. Leaves none if the library's layout is not known, with warning DG0001.</summary>
public sealed class PatchLibTorchSharp : Microsoft.Build.Utilities.Task
{
    [Microsoft.Build.Framework.Required]
    public string Source { get; set; } = "";

    [Microsoft.Build.Framework.Required]
    public string Destination { get; set; } = "";

    public override bool Execute()
    {
        try
        {
            PatchResult result = GlibcxxPatcher.Patch(File.ReadAllBytes(Source));
            switch (result.Kind)
            {
                case PatchKind.Damaged:
                    Log.LogError(null, "DG0002", null, Source, 0, 0, 0, 0, result.Message);
                    break;
                case PatchKind.UnknownLayout:
                    File.Delete(Destination);
                    Log.LogWarning(null, "DG0001", null, Source, 0, 0, 0, 0, result.Message);
                    break;
                default:
                    WriteWhole(Destination, result.Library);
                    Log.LogMessage(Microsoft.Build.Framework.MessageImportance.Low, "{0}: {1}", Destination, result.Message);
                    break;
            }
        }
        catch (Exception exception) when (exception is IOException || exception is UnauthorizedAccessException)
        {
            Log.LogErrorFromException(exception);
        }

        return !Log.HasLoggedErrors;
    }

    /// <summary>Replaces the file rather than writing into it: outputs may be hard links to it, and a build may be cut off.</summary>
    static void WriteWhole(string path, byte[] bytes)
    {
        string unfinished = path + "." + Guid.NewGuid().ToString("N");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(unfinished, bytes);
            if (File.Exists(path)) File.Replace(unfinished, path, null);
            else MoveUnlessThere(unfinished, path);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>Projects that are built at the same time may share the copy: the first makes it.</summary>
    static void MoveUnlessThere(string from, string to)
    {
        try
        {
            File.Move(from, to);
        }
        catch (IOException) when (File.Exists(to))
        {
        }
    }
}
#endif
