extension FirmwareProfile {
    /// Everything that is wrong with the profile; empty when it can be built.
    ///
    /// - Parameters:
    ///   - knownTargets: the names of the target profiles; nil = the target is not looked at.
    ///   - contentSizes: the sizes in bytes of what is known of the built-in artifacts and inputs,
    ///     a folder's being the sum of its files'; what is absent is not looked at.
    /// - Returns: The problems: target, disk, file systems, slots, content, data, network.
    public func problems(
        knownTargets: Set<String>? = nil,
        contentSizes: [String: Int64] = [:]
    ) -> [FirmwareProblem] {
        var problems: [FirmwareProblem] = []
        if let knownTargets, !knownTargets.contains(target) {
            problems.append(.unknownTarget(target, known: knownTargets.sorted()))
        }
        problems += diskProblems() + filesystemProblems() + slotProblems() + bootProblems()
        problems += contentProblems() + sizeProblems(contentSizes) + dataProblems()
        if let problem = configuration.network.problem { problems.append(.network(problem)) }
        return problems
    }

    private func diskProblems() -> [FirmwareProblem] {
        guard let disk else {
            return partitions.isEmpty ? [] : [.partitionsWithoutDisk(count: partitions.count)]
        }
        guard !partitions.isEmpty else { return [.diskWithoutPartitions] }
        var problems: [FirmwareProblem] = []
        if disk.sizeBytes % Self.blockBytes != 0 {
            problems.append(.sizeNotBlocks(partition: nil, sizeBytes: disk.sizeBytes))
        }
        if disk.minimumMediaBytes < disk.sizeBytes {
            problems.append(
                .mediaBelowImage(mediaBytes: disk.minimumMediaBytes, imageBytes: disk.sizeBytes)
            )
        }
        if disk.mediaClasses.isEmpty { problems.append(.noMediaClass) }
        if partitions.count > disk.table.partitionCountMax {
            problems.append(
                .tooManyPartitions(count: partitions.count, limit: disk.table.partitionCountMax)
            )
        }
        if disk.table == .mbr, disk.sizeBytes > MBREncoding.reachBytes {
            problems.append(
                .beyondMBR(sizeBytes: disk.sizeBytes, limitBytes: MBREncoding.reachBytes)
            )
        }
        var names: Set<String> = []
        for partition in partitions where !names.insert(partition.name).inserted {
            problems.append(.duplicateName(partition: partition.name))
        }
        return problems + placeProblems(disk)
    }

    private func placeProblems(_ disk: Disk) -> [FirmwareProblem] {
        let smallest = DiskLayout.smallestSizeBytes(disk.table)
        guard disk.sizeBytes >= smallest else {
            return [.imageTooSmall(sizeBytes: disk.sizeBytes, neededBytes: smallest)]
        }
        let usable = DiskLayout.usableBytes(disk.table, sizeBytes: disk.sizeBytes)
        let extents: [DiskLayout.Extent]
        do {
            extents = try DiskLayout.extents(self, disk: disk, usable: usable)
        } catch {
            return [problem(error)]
        }
        var problems: [FirmwareProblem] = []
        for extent in extents {
            let name = extent.partition.name
            if extent.startBytes % disk.alignmentBytes != 0 {
                problems.append(
                    .misaligned(
                        partition: name,
                        startBytes: extent.startBytes,
                        alignmentBytes: disk.alignmentBytes
                    )
                )
            }
            if extent.sizeBytes % Self.blockBytes != 0 {
                problems.append(.sizeNotBlocks(partition: name, sizeBytes: extent.sizeBytes))
            }
            if extent.startBytes < usable.lowerBound || extent.endBytes > usable.upperBound {
                problems.append(
                    .outOfBounds(
                        partition: name,
                        startBytes: extent.startBytes,
                        endBytes: extent.endBytes,
                        usable: usable
                    )
                )
            }
        }
        let ordered = extents.sorted { $0.startBytes < $1.startBytes }
        for (first, second) in zip(ordered, ordered.dropFirst())
        where first.endBytes > second.startBytes {
            problems.append(.overlap(first: first.partition.name, second: second.partition.name))
        }
        return problems
    }

    /// The problem that kept the partitions from being placed at all.
    private func problem(_ error: LayoutError) -> FirmwareProblem {
        switch error {
        case .growNotLast(let partition): .growNotLast(partition: partition)
        case .outOfBounds(let partition, let start, let end, let usable):
            .outOfBounds(partition: partition, startBytes: start, endBytes: end, usable: usable)
        default: .diskWithoutPartitions
        }
    }

    private func dataProblems() -> [FirmwareProblem] {
        guard disk != nil else {
            guard let available = data.sizeBytes else { return [.dataSizeMissing] }
            guard data.neededBytes <= available else {
                return [.noRoom(neededBytes: data.neededBytes, availableBytes: available)]
            }
            return []
        }
        var problems: [FirmwareProblem] = data.sizeBytes == nil ? [] : [.dataSizeTwice]
        guard let partition = partition(.data) else { return problems + [.dataPartitionMissing] }
        guard let size = sizeBytes(of: partition) else { return problems }
        let available = max(0, size - Ext4.overheadBytes(sizeBytes: size))
        if data.neededBytes > available {
            problems.append(.noRoom(neededBytes: data.neededBytes, availableBytes: available))
        }
        return problems
    }

    /// The size of a partition in the image; nil where it cannot be placed.
    func sizeBytes(of partition: Partition) -> Int64? {
        switch partition.size {
        case .bytes(let bytes): return bytes
        case .grow:
            guard let disk else { return nil }
            let usable = DiskLayout.usableBytes(disk.table, sizeBytes: disk.sizeBytes)
            let extents = try? DiskLayout.extents(self, disk: disk, usable: usable)
            return extents?.first { $0.partition == partition }?.sizeBytes
        }
    }

    /// Images and partitions are whole blocks, the unit of the block map and of ext4.
    static let blockBytes: Int64 = 4_096
}

extension DiskLayout.Extent {
    var endBytes: Int64 { startBytes + sizeBytes }
}
