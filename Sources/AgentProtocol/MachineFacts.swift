/// The kind of processor that the kernel of a machine runs on.
package enum MachineArchitecture: UInt8, Sendable, CaseIterable {
    case x86_64, aarch64, armv7hf, riscv64

    /// The words for them in profiles and manifests, in the order of the cases.
    private static let words: StaticString = "x86_64 aarch64 armv7hf riscv64"

    /// The architecture of a word; `nil` for one that is not known.
    package init?(word: [UInt8]) {
        guard let place = WordList.place(of: word, in: Self.words) else { return nil }
        self.init(rawValue: place)
    }

    /// The word for it in profiles and manifests.
    package var word: [UInt8] { WordList.words(of: 1 << UInt32(rawValue), in: Self.words) }
}

/// Abilities of a processor, under the names that the Linux kernel prints in `/proc/cpuinfo`.
package struct ProcessorFeatures: Sendable, Equatable {
    /// One bit a name, in the order of `names`.
    package var bits: UInt32

    package init(bits: UInt32 = 0) { self.bits = bits }

    /// The names that some profile asks for, or that tell architectures apart; others are ignored.
    package static let names: StaticString =
        """
        lm ssse3 sse4_1 avx2 fma avx512f avx512bw avx512dq avx512vl avx512_vnni hypervisor \
        asimd asimddp i8mm thumb neon vfpv4
        """

    package static let longMode = ProcessorFeatures(bits: 1 << 0)
    package static let asimd = ProcessorFeatures(bits: 1 << 11)
    package static let thumbAndNeon = ProcessorFeatures(bits: 1 << 14 | 1 << 15)

    /// The bit of a name; `nil` for a name that is not known.
    package static func bit(of word: [UInt8]) -> UInt32? {
        WordList.place(of: word, in: names).map { 1 << UInt32($0) }
    }

    package func contains(_ other: ProcessorFeatures) -> Bool { other.bits & ~bits == 0 }

    /// The names, separated by spaces.
    package var words: [UInt8] { WordList.words(of: bits, in: ProcessorFeatures.names) }
}

/// What a machine says of itself, as far as a profile asks for it.
///
/// Everything may be unknown: a container hides files, an old kernel has none, a recorded tree
/// may be cut. What is unknown rules no profile out, but for the architecture and the features.
package struct MachineFacts: Sendable, Equatable {
    /// The kernel's architecture; a 32-bit program may run on a 64-bit kernel.
    package var architecture: MachineArchitecture?
    /// What every processor of the machine can do.
    package var features = ProcessorFeatures()
    /// The page size of the running kernel in bytes; 0 when unknown.
    package var pageSizeBytes: UInt64 = 0
    /// The memory that the kernel manages (`MemTotal`) in bytes; 0 when unknown.
    package var memoryBytes: UInt64 = 0
    /// The name of the board or of the product, for people.
    package var model: [UInt8] = []
    /// What recognises the board, the most specific first.
    ///
    /// `dmi=VENDOR/PRODUCT` (the first words of DMI's names), `chassis=NUMBER` (DMI's kind of case,
    /// section 7.4.1 of the SMBIOS specification), `tree=NAME` (the device tree's `compatible`).
    package var marks: [[UInt8]] = []

    package init() {}

    /// Marks that are kept; real boards have two to five.
    package static let markCountMax = 16
    /// Bytes of a text; a longer one is cut, a longer mark is left out.
    package static let textSizeMax = 128
}

/// Lists of words in a literal, which cost the agent less than tables.
private enum WordList {
    /// The place of a word in the list, from 0.
    @inline(never)
    static func place(of word: [UInt8], in list: StaticString) -> UInt8? {
        var words = Words(TextLine(list).bytes)
        var place: UInt8 = 0
        while let known = words.next(0x20) {
            if known == word { return place }
            place += 1
        }
        return nil
    }

    /// The words whose bits are set, separated by spaces.
    @inline(never)
    static func words(of bits: UInt32, in list: StaticString) -> [UInt8] {
        var words = Words(TextLine(list).bytes)
        var text: [UInt8] = []
        var rest = bits
        while let word = words.next(0x20) {
            if rest & 1 != 0 {
                if !text.isEmpty { text.append(0x20) }
                text += word
            }
            rest >>= 1
        }
        return text
    }
}
