/// One thing that is wrong with a firmware profile.
public enum FirmwareProblem: Sendable, Hashable {
    /// The data area cannot hold two bundles, the spool and the state.
    case noRoom(neededBytes: Int64, availableBytes: Int64)
    /// There is a disk, but no single partition of kind `data`, or it has no file system.
    case dataPartitionMissing
    /// There is no disk, and the data area has no size.
    case dataSizeMissing
}

extension FirmwareProblem: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .noRoom(let needed, let available):
            "two bundles, spool and state need \(needed) bytes, but the data area has \(available)"
        case .dataPartitionMissing:
            "there is no partition of kind 'data'; add one of ext4"
        case .dataSizeMissing:
            "'data.size-bytes' is missing, which says the room where there is no disk"
        }
    }
}
