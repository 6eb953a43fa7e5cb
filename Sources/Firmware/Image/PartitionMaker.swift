import BootControl

/// Makes the content of one partition as a file, and says which bytes of it are used.
struct PartitionMaker {
    /// A partition's content.
    struct Content {
        /// The file, from the partition's first byte on.
        let path: String
        /// The bytes that a device must get.
        let parts: [Range<Int64>]
        /// Files and folders in it; 0 without a file system.
        let fileCount: Int
    }

    let recipe: ImageRecipe
    let artifacts: ImageArtifacts
    /// A folder for what is only needed during the build.
    let workFolder: String
    let cancellation: Cancellation

    /// Makes the content; `nil` for a partition that is left as it is.
    func make(
        _ partition: FirmwareProfile.Partition,
        _ place: PlacedPartition
    ) throws(ImageError) -> Content? {
        let path = workFolder + "/partition-\(place.number)"
        if partition.kind == .environment { return try environment(path, place) }
        if let whole = partition.files.first, whole.path == FirmwareProfile.FileEntry.wholePath,
            partition.files.count == 1, partition.filesystem != .ext4, !partition.filesystem.isFAT
        {
            return try wholeContent(whole, path, partition, place)
        }
        guard partition.filesystem != .raw else { return nil }
        let tree = try tree(of: partition)
        try makeFileSystem(path, partition, place, tree: tree)
        return Content(
            path: path,
            parts: try used(path, partition.filesystem),
            fileCount: tree.entries.count
        )
    }

    private func makeFileSystem(
        _ path: String,
        _ partition: FirmwareProfile.Partition,
        _ place: PlacedPartition,
        tree: FileTree
    ) throws(ImageError) {
        let folder = try WorkFile.makeFolder(below: workFolder, name: "content")
        defer { WorkFile.removeFolder(folder) }
        switch partition.filesystem {
        case .fat16, .fat32:
            try FATMaker(workFolder: folder, cancellation: cancellation).make(
                path,
                sizeBytes: place.sizeBytes,
                width: partition.filesystem == .fat16 ? .fat16 : .fat32,
                volume: artifacts.identifiers.fatVolume(partition.name),
                label: partition.name,
                tree: tree
            )
        case .ext4:
            try Ext4Maker(workFolder: folder, cancellation: cancellation).make(
                path,
                sizeBytes: place.sizeBytes,
                identifier: artifacts.identifiers.filesystem(partition.name),
                label: partition.name,
                tree: tree
            )
        case .squashfs:
            try SquashFSMaker(workFolder: folder, cancellation: cancellation).make(
                path,
                sizeBytes: place.sizeBytes,
                label: partition.name,
                tree: tree
            )
        case .raw: break
        }
    }

    /// What of a made file system a device must get.
    private func used(
        _ path: String,
        _ kind: FileSystemKind
    ) throws(ImageError) -> [Range<Int64>] {
        let file = try SparseFile(reading: path)
        switch kind {
        case .fat16, .fat32: return try FATReader(file, 0..<file.sizeBytes).allocated
        case .ext4:
            return try Ext4Reader(path: path, offsetBytes: 0, cancellation: cancellation)
                .allocated()
        case .squashfs, .raw: return [0..<file.sizeBytes]
        }
    }

    private func tree(of partition: FirmwareProfile.Partition) throws(ImageError) -> FileTree {
        var tree = FileTree()
        for file in partition.files {
            if let artifact = BuiltInArtifact(rawValue: file.source) {
                try tree.add(file.path, artifacts.content(of: artifact), mode: 0o644)
            } else {
                try InputKind.add(input(file.source), as: file.path, to: &tree)
            }
        }
        switch partition.kind {
        case .config:
            let files = try recipe.configuration.files(
                data: recipe.profile.data,
                bundleName: recipe.bundle.name
            )
            try tree.add(files, below: "")
        case .data:
            try tree.add("bundles/\(recipe.bundle.name).eib", .bytes(recipe.bundle.bytes))
        default: break
        }
        return tree
    }

    /// The two copies of the U-Boot environment; the rest of the partition is not used.
    private func environment(
        _ path: String,
        _ place: PlacedPartition
    ) throws(ImageError) -> Content {
        let copies = try artifacts.environmentCopies()
        let file = try SparseFile(creating: path, sizeBytes: place.sizeBytes)
        var parts: [Range<Int64>] = []
        for (offset, bytes) in copies {
            guard offset + Int64(bytes.count) <= place.sizeBytes else {
                throw .partitionFull(
                    partition: place.name,
                    sizeBytes: place.sizeBytes,
                    detail: "the U-Boot environment has two copies, at 0 and \(offset)"
                )
            }
            try file.write(bytes, at: offset)
            parts.append(offset..<offset + Int64(bytes.count))
        }
        return Content(path: path, parts: parts, fileCount: 0)
    }

    /// A file system or raw bytes that are given as a whole.
    private func wholeContent(
        _ file: FirmwareProfile.FileEntry,
        _ path: String,
        _ partition: FirmwareProfile.Partition,
        _ place: PlacedPartition
    ) throws(ImageError) -> Content {
        let source = try input(file.source)
        guard partition.filesystem == .squashfs else {
            let size = try SparseFile(reading: source).sizeBytes
            guard size <= place.sizeBytes else {
                throw .partitionFull(
                    partition: partition.name,
                    sizeBytes: place.sizeBytes,
                    detail: "'\(file.source)' has \(size) bytes"
                )
            }
            return Content(path: source, parts: size > 0 ? [0..<size] : [], fileCount: 0)
        }
        let made = workFolder + "/whole-\(file.source)"
        // Both slots hold the same system: it is compressed once.
        if case .file = try? InputKind(of: made) {
        } else {
            let folder = try WorkFile.makeFolder(below: workFolder, name: "content")
            defer { WorkFile.removeFolder(folder) }
            let maker = SquashFSMaker(workFolder: folder, cancellation: cancellation)
            if case .folder = try InputKind(of: source) {
                try maker.make(
                    made,
                    sizeBytes: place.sizeBytes,
                    label: partition.name,
                    tree: FileTree(folder: source)
                )
            } else {
                try maker.make(
                    made,
                    sizeBytes: place.sizeBytes,
                    label: partition.name,
                    fromArchive: source
                )
            }
        }
        let size = try SparseFile(reading: made).sizeBytes
        guard size <= place.sizeBytes else {
            throw .partitionFull(
                partition: partition.name,
                sizeBytes: place.sizeBytes,
                detail: "it has \(size) bytes"
            )
        }
        return Content(path: made, parts: [0..<size], fileCount: 0)
    }

    private func input(_ name: String) throws(ImageError) -> String {
        guard let path = recipe.inputs[name] else {
            throw .problems(["the input '\(name)' is missing"])
        }
        return path
    }
}
