internal import BootControl

/// Where a loader finds kernel and initial file system: the partitions of the two slots, and the
/// paths, which are the same in both.
struct SystemSlots {
    /// The number from 1 of slot A's partition.
    let numberA: Int
    /// The number from 1 of slot B's partition.
    let numberB: Int
    /// The kernel's path in its partition.
    let kernelPath: String
    /// The path of the initial file system.
    let initramfsPath: String

    init(_ profile: FirmwareProfile) throws(BootFileError) {
        let first = try Self.partition(.a, in: profile)
        let second = try Self.partition(.b, in: profile)
        numberA = first.number
        numberB = second.number
        kernelPath = try Self.path(of: "kernel", in: first.partition, and: second.partition)
        initramfsPath = try Self.path(
            of: BuiltInArtifact.initramfs.rawValue,
            in: first.partition,
            and: second.partition
        )
    }

    private static func partition(
        _ slot: Slot,
        in profile: FirmwareProfile
    ) throws(BootFileError) -> (number: Int, partition: FirmwareProfile.Partition) {
        let found = profile.partitions.enumerated().first {
            $0.element.kind == .system && $0.element.slot == slot
        }
        guard let found else {
            throw .noPartition("\(PartitionKind.system.rawValue) of slot \(slot == .a ? "a" : "b")")
        }
        return (found.offset + 1, found.element)
    }

    private static func path(
        of source: String,
        in first: FirmwareProfile.Partition,
        and second: FirmwareProfile.Partition
    ) throws(BootFileError) -> String {
        var paths: [String] = []
        for partition in [first, second] {
            guard let file = partition.files.first(where: { $0.source == source }) else {
                throw .noSource(source, partition: partition.name)
            }
            paths.append(file.path)
        }
        guard paths[0] == paths[1] else {
            throw .pathsDiffer(source, a: paths[0], b: paths[1])
        }
        return paths[0]
    }
}
