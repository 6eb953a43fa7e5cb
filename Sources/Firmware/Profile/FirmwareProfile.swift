/// What is on a device's storage, read from `firmware-profiles/*.yaml`.
///
/// ```
/// | table | boot | environment | system-a | system-b | config | data ...          | table |
/// 0       first multiple of the alignment                    grows to the end     size
/// ```
/// A value of this type obeys its schema: every key is known, every number and name is in its
/// range, and the counts are bounded. Whether the parts fit each other is what ``problems(
/// knownTargets:contentSizes:)`` says; ``DiskLayout`` then places the partitions.
///
/// A profile holds no secret: tokens and keys are given to the build.
public struct FirmwareProfile: Sendable, Hashable {
    /// The profile's name, equal to its file's name; letters, digits, `.`, `_` and `-`.
    public var name: String
    /// One sentence for `--help` and listings.
    public var description: String
    /// The name of the target profile, whose architecture says which agent is built in.
    public var target: String
    /// The disk; absent where Martlet joins an existing system.
    public var disk: Disk?
    /// The partitions in the order of their numbers, from 1; empty without a disk.
    public var partitions: [Partition]
    /// The files and folders that the user gives, by name, each with what it is.
    public var inputs: [String: String]
    /// How the device chooses and confirms a system slot.
    public var boot: Boot
    /// What is in the initial file system besides the agent; absent when none is built.
    public var initramfs: Initramfs?
    /// The data area.
    public var data: DataArea
    /// What is configured unless the build is told otherwise.
    public var configuration: ConfigurationDefaults
}

extension FirmwareProfile {
    /// Reads a profile from YAML text.
    ///
    /// - Throws: `FirmwareProfileError` when the text is too long, not YAML, or not a profile.
    public init(yaml: String) throws(FirmwareProfileError) {
        let document = try ProfileDocument(yaml: yaml)
        self = try ProfileDecoding.profile(document.root)
    }

    /// The partition of a kind, when there is exactly one.
    public func partition(_ kind: PartitionKind) -> Partition? {
        let matching = partitions.filter { $0.kind == kind }
        return matching.count == 1 ? matching.first : nil
    }
}

// The limits of the schema. Real profiles stay far below; the builder's work and memory do too.
extension FirmwareProfile {
    /// The longest text in bytes; real ones are below 4 KiB.
    public static let textSizeMax = 65_536
    /// The most partitions; an MBR holds 4, a GPT 128.
    public static let partitionCountMax = 16
    /// The most files in one partition or in the initial file system.
    public static let fileCountMax = 64
    /// The most inputs.
    public static let inputCountMax = 32
    /// The most kernel modules in the initial file system.
    public static let moduleCountMax = 256
    /// The longest partition name: a GPT entry has 36 UTF-16 code units.
    public static let partitionNameSizeMax = 36
    /// The longest name of a profile, target, input or module.
    public static let nameSizeMax = 64
    /// The longest description or seed.
    public static let sentenceSizeMax = 256
    /// The longest path in a partition.
    public static let pathSizeMax = 255
    /// The longest kernel command line: 32-bit ARM takes 1,024 bytes with the terminator, and the
    /// loader adds `martlet.slot=A`.
    public static let kernelArgumentsSizeMax = 960
    /// The largest size: sums of a few of them stay below `Int64.max`.
    public static let sizeMax: Int64 = 1 << 60
    /// The alignments that may be chosen, powers of two: a page to the largest erase blocks.
    public static let alignmentRange: ClosedRange<Int64> = 4_096...67_108_864
    /// The alignment when none is given, a multiple of the erase blocks of common cards.
    public static let defaultAlignmentBytes: Int64 = 4 << 20
}
