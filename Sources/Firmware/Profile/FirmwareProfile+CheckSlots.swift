import BootControl

extension FirmwareProfile {
    func filesystemProblems() -> [FirmwareProblem] {
        var problems: [FirmwareProblem] = []
        for partition in partitions {
            let allowed = partition.kind.filesystems
            if !allowed.contains(partition.filesystem) {
                problems.append(
                    .wrongFilesystem(
                        partition: partition.name,
                        partition.kind,
                        partition.filesystem,
                        allowed
                    )
                )
            }
            guard let size = sizeBytes(of: partition) else { continue }
            if let allowed = partition.filesystem.sizes, !allowed.contains(size) {
                problems.append(
                    .unusableSize(
                        partition: partition.name,
                        partition.filesystem,
                        sizeBytes: size,
                        allowed: allowed
                    )
                )
            }
            if partition.kind == .environment, size < Self.environmentBytes {
                problems.append(
                    .environmentTooSmall(
                        partition: partition.name,
                        sizeBytes: size,
                        neededBytes: Self.environmentBytes
                    )
                )
            }
        }
        return problems
    }

    /// Two copies of 16,384 bytes at 0 and 65,536.
    private static let environmentBytes: Int64 = 65_536 + 16_384

    func slotProblems() -> [FirmwareProblem] {
        var problems: [FirmwareProblem] = []
        for partition in partitions {
            let mayHaveSlot = partition.kind == .system || partition.kind == .root
            if partition.slot != nil, !mayHaveSlot {
                problems.append(.slotRefused(partition: partition.name, partition.kind))
            }
            if partition.slot == nil, mayHaveSlot, boot.control != .none {
                problems.append(.slotMissing(partition: partition.name))
            }
        }
        return problems + pairProblems(.system) + pairProblems(.root)
    }

    private func pairProblems(_ kind: PartitionKind) -> [FirmwareProblem] {
        func inSlot(_ slot: Slot) -> [Partition] {
            partitions.filter { $0.kind == kind && $0.slot == slot }
        }
        var problems: [FirmwareProblem] = []
        for partitions in [inSlot(.a), inSlot(.b)] where partitions.count > 1 {
            problems.append(.slotTwice(first: partitions[0].name, second: partitions[1].name))
        }
        switch (inSlot(.a).first, inSlot(.b).first) {
        case (let a?, let b?):
            if a.size != b.size {
                problems.append(
                    .slotSizesDiffer(
                        a: a.name,
                        aBytes: sizeBytes(of: a) ?? 0,
                        b: b.name,
                        bBytes: sizeBytes(of: b) ?? 0
                    )
                )
            }
            if a.filesystem != b.filesystem {
                problems.append(
                    .slotFilesystemsDiffer(a: a.name, a.filesystem, b: b.name, b.filesystem)
                )
            }
        case (let a?, nil): problems.append(.slotPartnerMissing(partition: a.name, missing: .b))
        case (nil, let b?): problems.append(.slotPartnerMissing(partition: b.name, missing: .a))
        case (nil, nil): break
        }
        return problems
    }

    func bootProblems() -> [FirmwareProblem] {
        var problems: [FirmwareProblem] = []
        let hasSlots = partitions.contains { $0.kind == .system && $0.slot != nil }
        if boot.control == .none, hasSlots { problems.append(.slotsWithoutBootControl) }
        if boot.control != .none, !hasSlots {
            problems.append(.bootControlWithoutSlots(boot.control))
        }
        let environments = partitions.filter { $0.kind == .environment }
        if boot.control != .ubootEnvironment {
            problems += environments.map { .environmentUnused(partition: $0.name) }
        }
        for needed in missingPlaces(environmentCount: environments.count) {
            problems.append(.bootControlWithoutPlace(boot.control, needed: needed))
        }
        return problems
    }

    /// What the boot control needs and does not find.
    private func missingPlaces(environmentCount: Int) -> [String] {
        func holds(_ partition: Partition?, _ artifact: BuiltInArtifact) -> Bool {
            partition?.files.contains { $0.source == artifact.rawValue } ?? false
        }
        switch boot.control {
        case .none: return []
        case .ubootEnvironment:
            var missing: [String] = []
            if environmentCount != 1 { missing.append("one partition of kind 'environment'") }
            if !partitions.contains(where: { holds($0, .bootScript) }) {
                missing.append("a file of the source 'boot-script'")
            }
            return missing
        case .grubEnvironment:
            guard let system = partition(.efiSystem) else {
                return ["one partition of kind 'efi-system'"]
            }
            return [BuiltInArtifact.grubConfig, .grubEnvironment].filter { !holds(system, $0) }
                .map { "a file of the source '\($0.rawValue)' in partition '\(system.name)'" }
        case .raspberryTryboot:
            // The firmware reads autoboot.txt from the first partition, and boots from FAT.
            let isFound = partitions.first.map { first in
                first.filesystem.isFAT
                    && first.files.contains {
                        $0.source == BuiltInArtifact.trybootConfig.rawValue
                            && $0.path == "autoboot.txt"
                    }
            }
            var missing: [String] = []
            if isFound != true {
                missing.append("a FAT as partition 1 with 'tryboot-config' at 'autoboot.txt'")
            }
            if partitions.contains(where: { $0.kind == .system && !$0.filesystem.isFAT }) {
                missing.append("system slots of FAT")
            }
            return missing
        }
    }
}

extension PartitionKind {
    /// The file systems that its user reads: firmware and loaders FAT (and ext4), the agent all.
    var filesystems: [FileSystemKind] {
        switch self {
        case .efiSystem: [.fat32, .fat16]
        case .boot, .system: [.fat32, .fat16, .ext4]
        case .environment, .raw: [.raw]
        case .root: [.squashfs, .ext4]
        case .config: [.fat16, .fat32]
        case .data: [.ext4]
        }
    }
}

extension FileSystemKind {
    /// The sizes that it can be made in; nil = any.
    var sizes: ClosedRange<Int64>? {
        switch self {
        case .fat16: FAT.sizes16
        case .fat32: FAT.sizes32
        case .ext4: Ext4.sizes
        case .squashfs, .raw: nil
        }
    }
}
