extension DiskLayout {
    /// Places the partitions of a profile on a disk.
    ///
    /// Each one starts where it says, else at the first multiple of the alignment after the one
    /// before. One that grows ends at the last multiple of 1 MiB of the usable area.
    ///
    /// - Parameters:
    ///   - profile: the profile, which has a disk.
    ///   - sizeBytes: the size of the disk; nil = the profile's.
    /// - Throws: `LayoutError` when the profile's partitions do not fit each other or the disk.
    public init(_ profile: FirmwareProfile, sizeBytes: Int64? = nil) throws(LayoutError) {
        guard let disk = profile.disk else { throw .noDisk(profile: profile.name) }
        let size = sizeBytes ?? disk.sizeBytes
        let smallest = Self.smallestSizeBytes(disk.table)
        guard size >= smallest else { throw .mediaTooSmall(sizeBytes: size, neededBytes: smallest) }
        let usable = Self.usableBytes(disk.table, sizeBytes: size)
        let ids = DiskIdentifiers(seed: disk.seed)
        var placed: [PlacedPartition] = []
        var hasActive = false
        for extent in try Self.extents(profile, disk: disk, usable: usable) {
            let partition = extent.partition
            let isBoot = partition.kind == .boot && !hasActive
            hasActive = hasActive || isBoot
            placed.append(
                PlacedPartition(
                    number: extent.number,
                    name: disk.table == .gpt ? partition.name : "",
                    kind: partition.kind,
                    startBytes: extent.startBytes,
                    sizeBytes: extent.sizeBytes,
                    typeIdentifier: disk.table == .gpt
                        ? .gpt(partition.kind.typeGUID)
                        : .mbr(partition.kind.typeByte(partition.filesystem)),
                    identifier: disk.table == .gpt ? ids.partition(partition.name) : nil,
                    attributes: isBoot ? PlacedPartition.legacyBootable : 0
                )
            )
        }
        try self.init(
            table: disk.table,
            sizeBytes: size,
            diskIdentifier: disk.table == .gpt ? .gpt(ids.disk) : .mbr(ids.diskSignature),
            partitions: placed
        )
    }

    /// A partition of a profile and where it comes to lie.
    struct Extent {
        let number: Int
        let partition: FirmwareProfile.Partition
        let startBytes: Int64
        let sizeBytes: Int64
    }

    static func extents(
        _ profile: FirmwareProfile,
        disk: FirmwareProfile.Disk,
        usable: Range<Int64>
    ) throws(LayoutError) -> [Extent] {
        var extents: [Extent] = []
        var next = usable.lowerBound
        for (index, partition) in profile.partitions.enumerated() {
            let start = partition.startBytes ?? roundedUp(next, to: disk.alignmentBytes)
            let size: Int64
            switch partition.size {
            case .bytes(let bytes): size = bytes
            case .grow:
                guard index == profile.partitions.count - 1 else {
                    throw .growNotLast(partition: partition.name)
                }
                size = growEnd(usable) - start
            }
            // Both are at most 2^60, so that the sum is one.
            let isSane = start <= FirmwareProfile.sizeMax && size <= FirmwareProfile.sizeMax
            guard isSane, size > 0 else {
                throw .outOfBounds(
                    partition: partition.name,
                    startBytes: start,
                    endBytes: isSane ? start + size : .max,
                    usable: usable
                )
            }
            extents.append(
                Extent(
                    number: index + 1,
                    partition: partition,
                    startBytes: start,
                    sizeBytes: size
                )
            )
            next = start + size
        }
        return extents
    }

    /// The same partitions on media of another size, where the last one grows to the end and the
    /// backup table moves with it.
    ///
    /// - Parameters:
    ///   - sizeBytes: the size of the media, a multiple of 512.
    ///   - growLast: whether the partition with the highest start grows.
    /// - Returns: The layout; on media that an MBR does not reach to the end of, the last partition
    ///   ends where it reaches, at 2 TiB.
    /// - Throws: `LayoutError.mediaTooSmall` when the media is smaller than what is on it.
    public func expanded(
        toSizeBytes sizeBytes: Int64,
        growLast: Bool = true
    ) throws(LayoutError) -> DiskLayout {
        let tail = table == .gpt ? GPTEncoding.backupSizeBytes : 0
        let contentEnd = partitions.map(\.endBytes).max() ?? usableBytes.lowerBound
        let needed = max(contentEnd + tail, Self.smallestSizeBytes(table))
        guard sizeBytes >= needed else {
            throw .mediaTooSmall(sizeBytes: sizeBytes, neededBytes: needed)
        }
        var moved = partitions
        let end = Self.growEnd(Self.usableBytes(table, sizeBytes: sizeBytes))
        if growLast,
            let last = moved.indices.max(by: { moved[$0].startBytes < moved[$1].startBytes }
            )
        {
            moved[last].sizeBytes = max(end, moved[last].endBytes) - moved[last].startBytes
        }
        return try DiskLayout(
            table: table,
            sizeBytes: sizeBytes,
            diskIdentifier: diskIdentifier,
            partitions: moved
        )
    }

    /// Partitions that grow end on this, the unit of the partitioning tools.
    static let growUnitBytes: Int64 = 1 << 20

    private static func growEnd(_ usable: Range<Int64>) -> Int64 {
        usable.upperBound / growUnitBytes * growUnitBytes
    }

    /// Sums stay far below `Int64.max`: both are at most 2^61.
    static func roundedUp(_ value: Int64, to unit: Int64) -> Int64 {
        (value + unit - 1) / unit * unit
    }
}
