extension FirmwareProfile {
    /// The input that holds the kernel's modules, which the initial file system takes from.
    static let modulesInput = "modules"
    /// The input that a system slot boots.
    static let kernelInput = "kernel"

    func contentProblems() -> [FirmwareProblem] {
        var problems: [FirmwareProblem] = []
        var used: Set<String> = []
        let inputNames = inputs.keys.sorted()
        func check(_ source: String, place: String) {
            used.insert(source)
            if inputs[source] == nil, BuiltInArtifact(rawValue: source) == nil {
                problems.append(
                    .unknownSource(place: place, source: source, inputs: inputNames)
                )
            }
        }
        for partition in partitions {
            for file in partition.files { check(file.source, place: partition.name) }
            problems += pathProblems(partition.files, place: partition.name)
            problems += fileProblems(partition)
        }
        if let initramfs {
            if !initramfs.modules.isEmpty { check(Self.modulesInput, place: "initramfs") }
            for file in initramfs.files { check(file.source, place: "initramfs") }
            problems += pathProblems(initramfs.files, place: "initramfs")
        }
        if initramfs == nil, used.contains(BuiltInArtifact.initramfs.rawValue) {
            problems.append(.initramfsMissing)
        }
        problems += inputNames.filter { !used.contains($0) }.map { .unusedInput($0) }
        return problems + clientProblems()
    }

    private func pathProblems(_ files: [FileEntry], place: String) -> [FirmwareProblem] {
        // Names of FAT are the same in both cases; several folders may be poured into the root.
        var paths: Set<String> = []
        return files.filter { $0.path != FileEntry.wholePath }
            .filter { !paths.insert($0.path.lowercased()).inserted }
            .map { .duplicatePath(place: place, path: $0.path) }
    }

    private func fileProblems(_ partition: Partition) -> [FirmwareProblem] {
        let name = partition.name
        if partition.kind == .environment || partition.kind == .data {
            return partition.files.isEmpty ? [] : [.filesRefused(partition: name, partition.kind)]
        }
        var problems: [FirmwareProblem] = []
        if partition.filesystem == .raw {
            let isOne = partition.files.count <= 1
            for file in partition.files where !isOne || file.path != FileEntry.wholePath {
                problems.append(.pathRefused(partition: name, path: file.path))
            }
        }
        if partition.filesystem == .squashfs, partition.files.isEmpty {
            problems.append(.contentMissing(partition: name))
        }
        if partition.kind == .system {
            for source in [Self.kernelInput, BuiltInArtifact.initramfs.rawValue]
            where !partition.files.contains(where: { $0.source == source }) {
                problems.append(.systemFileMissing(partition: name, source: source))
            }
        }
        return problems
    }

    /// Where a root file system takes over, its own programs bring up the network.
    private func clientProblems() -> [FirmwareProblem] {
        guard disk != nil, configuration.network.method == .dhcp,
            !partitions.contains(where: { $0.kind == .root })
        else { return [] }
        let hasClient = initramfs?.files.contains { $0.path == "bin/busybox" } ?? false
        return hasClient ? [] : [.dhcpClientMissing]
    }

    /// Only what cannot fit in any way: the tools that fill the file systems count exactly.
    func sizeProblems(_ sizes: [String: Int64]) -> [FirmwareProblem] {
        var problems: [FirmwareProblem] = []
        for partition in partitions where partition.filesystem != .squashfs {
            guard let size = sizeBytes(of: partition) else { continue }
            let capacity = size - partition.filesystem.leastOverheadBytes(sizeBytes: size)
            var content: Int64 = 0
            for file in partition.files {
                let bytes = min(max(0, sizes[file.source] ?? 0), Self.sizeMax)
                content = min(content + bytes, Self.sizeMax)
            }
            if content > capacity {
                problems.append(
                    .contentDoesNotFit(
                        partition: partition.name,
                        contentBytes: content,
                        capacityBytes: capacity
                    )
                )
            }
        }
        return problems
    }
}

extension FileSystemKind {
    /// What the file system costs at the very least.
    fileprivate func leastOverheadBytes(sizeBytes: Int64) -> Int64 {
        switch self {
        case .fat16: FAT.leastOverhead16Bytes
        case .fat32: FAT.leastOverhead32Bytes
        case .ext4: sizeBytes / 128
        case .squashfs, .raw: 0
        }
    }
}
