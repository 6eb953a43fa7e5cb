/// Why what a boot loader reads or keeps cannot be used; each case carries the evidence.
public enum BootControlError: Error, Sendable, Hashable {
    /// An environment has a size that its loader does not know.
    case sizeUnsupported(sizeBytes: Int)
    /// The variables need more room than the environment has.
    case full(neededBytes: Int, limitBytes: Int)
    /// A variable would be cut in two by a byte that ends it in this format.
    case variableUnstorable(index: Int)
    /// The block does not begin with GRUB's line.
    case grubHeaderMissing
    /// A line does not end before the block does.
    case lineUnterminated(offset: Int)
    /// `autoboot.txt` is longer than the one sector that the firmware reads.
    case autobootTooLong(sizeBytes: Int, limitBytes: Int)
    /// `boot_partition` is no number from 1 to 99 in this line, counted from 1.
    case partitionMalformed(line: Int)
    /// `boot_partition` is given again for the same kind of start, in this line.
    case partitionRepeated(line: Int)
    /// No `boot_partition` for the ordinary start, or none for the trial.
    case partitionMissing(isTrial: Bool)
    /// The two numbers are equal, or one has more digits: they cannot change places.
    case partitionsUnswappable(normal: UInt8, trial: UInt8)
}

extension BootControlError: CustomStringConvertible {
    /// What is wrong, in words.
    public var description: String {
        switch self {
        case .sizeUnsupported(let size): "an environment cannot have \(size) bytes"
        case .full(let needed, let limit):
            "the variables need \(needed) bytes, the environment has room for \(limit)"
        case .variableUnstorable(let index):
            "variable \(index) holds a byte that would end it"
        case .grubHeaderMissing: "the block does not begin with `# GRUB Environment Block`"
        case .lineUnterminated(let offset): "the line at byte \(offset) has no end"
        case .autobootTooLong(let size, let limit):
            "autoboot.txt has \(size) bytes, the firmware reads \(limit)"
        case .partitionMalformed(let line):
            "boot_partition is no number from 1 to 99, line \(line)"
        case .partitionRepeated(let line): "boot_partition is repeated, line \(line)"
        case .partitionMissing(let isTrial):
            isTrial ? "boot_partition is missing in [tryboot]" : "boot_partition is missing"
        case .partitionsUnswappable(let normal, let trial):
            "the partitions \(normal) and \(trial) cannot change places in the text"
        }
    }
}
