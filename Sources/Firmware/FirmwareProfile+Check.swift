/// One thing that is wrong with a firmware profile.
public enum FirmwareProblem: Sendable, Hashable {
    /// A size or start is negative, or a size is zero.
    case sizeOutOfRange(name: String, startBytes: Int64, sizeBytes: Int64)
    /// A partition does not start on the alignment.
    case misaligned(partition: String, startBytes: Int64)
    /// Two partitions share bytes.
    case overlap(first: String, second: String)
    /// A partition ends beyond the smallest media.
    case beyondMedia(partition: String, endBytes: Int64, mediaBytes: Int64)
    /// The data area cannot hold two bundles, the spool and the state.
    case noRoom(neededBytes: Int64, availableBytes: Int64)
    /// There are partitions, but none named `data` of the data area's size.
    case dataPartitionMissing(expectedBytes: Int64)
}

extension FirmwareProfile {
    /// Everything that is wrong with the profile; empty when it can be used.
    public func problems() -> [FirmwareProblem] {
        var problems: [FirmwareProblem] = []
        for partition in partitions where !partition.isSane {
            problems.append(
                .sizeOutOfRange(
                    name: partition.name,
                    startBytes: partition.startBytes,
                    sizeBytes: partition.sizeBytes
                )
            )
        }
        guard problems.isEmpty else { return problems }
        problems += layoutProblems()
        problems += dataProblems()
        return problems
    }

    private func layoutProblems() -> [FirmwareProblem] {
        var problems: [FirmwareProblem] = []
        let ordered = partitions.sorted { $0.startBytes < $1.startBytes }
        for partition in ordered {
            if partition.startBytes % Self.alignmentBytes != 0 {
                problems.append(
                    .misaligned(partition: partition.name, startBytes: partition.startBytes)
                )
            }
            if let media = minimumMediaBytes, partition.endBytes > media {
                problems.append(
                    .beyondMedia(
                        partition: partition.name,
                        endBytes: partition.endBytes,
                        mediaBytes: media
                    )
                )
            }
        }
        for (first, second) in zip(ordered, ordered.dropFirst())
        where first.endBytes > second.startBytes {
            problems.append(.overlap(first: first.name, second: second.name))
        }
        return problems
    }

    private func dataProblems() -> [FirmwareProblem] {
        let quotas = [
            data.sizeBytes, data.bundleQuotaBytes, data.spoolQuotaBytes, data.stateQuotaBytes,
        ]
        guard quotas.allSatisfy({ (1...Self.sizeMax).contains($0) }) else {
            return [.sizeOutOfRange(name: "data", startBytes: 0, sizeBytes: data.sizeBytes)]
        }
        var problems: [FirmwareProblem] = []
        let needed = 2 * data.bundleQuotaBytes + data.spoolQuotaBytes + data.stateQuotaBytes
        if needed > data.sizeBytes {
            problems.append(.noRoom(neededBytes: needed, availableBytes: data.sizeBytes))
        }
        let hasDataPartition = partitions.contains {
            $0.name == "data" && $0.sizeBytes == data.sizeBytes
        }
        if !partitions.isEmpty, !hasDataPartition {
            problems.append(.dataPartitionMissing(expectedBytes: data.sizeBytes))
        }
        return problems
    }

    /// The largest size: sums of a few of them stay below `Int64.max`.
    static let sizeMax: Int64 = 1 << 60
}

extension FirmwareProfile.Partition {
    fileprivate var isSane: Bool {
        (0...FirmwareProfile.sizeMax).contains(startBytes)
            && (1...FirmwareProfile.sizeMax).contains(sizeBytes)
    }

    fileprivate var endBytes: Int64 { startBytes + sizeBytes }
}

extension FirmwareProblem: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .sizeOutOfRange(let name, let start, let size):
            "'\(name)' has the unusable start \(start) or size \(size)"
        case .misaligned(let partition, let start):
            "partition '\(partition)' starts at \(start), which is not a multiple of "
                + "\(FirmwareProfile.alignmentBytes)"
        case .overlap(let first, let second):
            "partitions '\(first)' and '\(second)' overlap"
        case .beyondMedia(let partition, let end, let media):
            "partition '\(partition)' ends at \(end), beyond the smallest media of \(media) bytes"
        case .noRoom(let needed, let available):
            "two bundles, spool and state need \(needed) bytes, but the data area has \(available)"
        case .dataPartitionMissing(let expected):
            "no partition 'data' of \(expected) bytes"
        }
    }
}
