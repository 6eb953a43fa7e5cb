import Glibc

// recipe ─▶ checks ─▶ work folder beside the output ─▶ one file a partition ─▶ image, map ─▶ rename
//
// Invariants:
// 1. the output and its map appear complete under their names, or not at all;
// 2. whatever ends the build, its work folder is removed (a kill leaves it, as `.NAME.work.*`);
// 3. equal recipes give equal bytes: no time, owner, order or name of the host gets in;
// 4. no root rights, no mounts, no devices.

/// What a finished build is.
public struct BuiltImage: Sendable, Hashable {
    /// One partition.
    public struct Partition: Sendable, Hashable {
        /// The number in the table.
        public let number: Int
        /// The name.
        public let name: String
        /// The first byte on the disk.
        public let startBytes: Int64
        /// The size in bytes.
        public let sizeBytes: Int64
        /// Bytes that a device gets.
        public let usedBytes: Int64
        /// Files and folders in it.
        public let fileCount: Int
    }

    /// The image, or the archive.
    public let path: String
    /// Its size in bytes.
    public let sizeBytes: Int64
    /// Bytes that must be written to a device.
    public let mappedBytes: Int64
    /// The block map beside it; an archive has none.
    public let blockMapPath: String?
    /// The partitions by their numbers; an archive has none.
    public let partitions: [Partition]
}

/// Builds images of firmware profiles.
public struct ImageBuilder {
    /// A step of a build, for progress.
    public enum Step: Sendable, Hashable {
        /// The initial file system is packed.
        case initialFileSystem
        /// A partition's content is made.
        case partition(name: String, index: Int, count: Int)
        /// The image is put together; bytes so far and in all.
        case composing(doneBytes: Int64, totalBytes: Int64)
    }

    private let recipe: ImageRecipe
    private let cancellation: Cancellation
    private let progress: (Step) -> Void

    /// Makes a builder.
    ///
    /// - Parameters:
    ///   - recipe: what to build.
    ///   - cancellation: a wish to stop, which leaves nothing behind.
    ///   - progress: is told of every step.
    public init(
        _ recipe: ImageRecipe,
        cancellation: Cancellation = Cancellation(),
        progress: @escaping (Step) -> Void = { _ in }
    ) {
        self.recipe = recipe
        self.cancellation = cancellation
        self.progress = progress
    }

    /// Builds the image, and its block map as `OUTPUT.bmap`; without a disk, a tar archive.
    ///
    /// - Parameters:
    ///   - output: the image's path.
    ///   - isReplacing: whether a file of this name may be replaced.
    /// - Returns: What was built.
    /// - Throws: `ImageError`; nothing is left then.
    public func build(
        to output: String,
        isReplacing: Bool = false
    ) throws(ImageError) -> BuiltImage {
        let problems = recipe.problems()
        guard problems.isEmpty else { throw .problems(problems) }
        let quota = recipe.profile.data.bundleQuotaBytes
        guard recipe.bundle.installedBytes <= quota else {
            throw .bundleOverQuota(sizeBytes: recipe.bundle.installedBytes, quotaBytes: quota)
        }
        let place = try OutputPlace(output, isReplacing: isReplacing)
        try place.checkRoom(neededBytes: neededBytes())
        let work = try WorkFile.makeFolder(below: place.folder, name: ".\(place.name).work")
        defer { WorkFile.removeFolder(work) }
        guard recipe.profile.disk != nil else { return try buildArchive(place, work: work) }
        return try buildDisk(place, work: work)
    }

    /// A guess that is never too small: every content twice, and the tables of file systems.
    private func neededBytes() -> Int64 {
        let names = recipe.profile.partitions.flatMap(\.files).map(\.source)
        var total = Int64(recipe.bundle.bytes.count) + (InputKind.sizeBytes(of: recipe.agent) ?? 0)
        for name in names {
            total += recipe.inputs[name].flatMap { InputKind.sizeBytes(of: $0) } ?? 0
        }
        return total * 2 + (16 << 20)
    }

    private func buildArchive(_ place: OutputPlace, work: String) throws(ImageError) -> BuiltImage {
        let archive = work + "/archive"
        let writer = try ArchiveWriter(archive, format: .tar, filter: .none)
        for entry in try ServiceArchive(recipe: recipe).entries() {
            try cancellation.check()
            try writer.write(entry)
        }
        try writer.finish()
        let size = try SparseFile(reading: archive).sizeBytes
        try place.publish(archive, blockMap: nil)
        return BuiltImage(
            path: place.path,
            sizeBytes: size,
            mappedBytes: size,
            blockMapPath: nil,
            partitions: []
        )
    }

    private func buildDisk(_ place: OutputPlace, work: String) throws(ImageError) -> BuiltImage {
        let layout: DiskLayout
        do {
            layout = try DiskLayout(recipe.profile, sizeBytes: recipe.sizeBytes)
        } catch {
            throw .problems(["\(error)"])
        }
        let artifacts = try ImageArtifacts(recipe: recipe, layout: layout, workFolder: work)
        if recipe.profile.initramfs != nil {
            progress(.initialFileSystem)
            try artifacts.makeInitialFileSystem(cancellation: cancellation)
        }
        let maker = PartitionMaker(
            recipe: recipe,
            artifacts: artifacts,
            workFolder: work,
            cancellation: cancellation
        )
        var contents: [PartitionMaker.Content?] = []
        for (partition, placed) in zip(recipe.profile.partitions, layout.partitions) {
            progress(
                .partition(
                    name: partition.name,
                    index: contents.count,
                    count: layout.partitions.count
                )
            )
            contents.append(try maker.make(partition, placed))
        }
        let image = work + "/image"
        let map = try compose(image, layout, contents)
        let text = try WorkFile.write(map.text(), named: "image.bmap", in: work)
        try SparseFile(reading: text).synchronize()
        try place.publish(image, blockMap: text)
        return result(place, layout, contents, map)
    }

    private func compose(
        _ path: String,
        _ layout: DiskLayout,
        _ contents: [PartitionMaker.Content?]
    ) throws(ImageError) -> BlockMap {
        var composer = try DiskComposer(path, sizeBytes: layout.sizeBytes)
        let total = contents.reduce(0) { $0 + Self.usedBytes($1) }
        var done: Int64 = 0
        for (content, placed) in zip(contents, layout.partitions) {
            guard let content else { continue }
            try composer.put(
                file: content.path,
                parts: content.parts,
                at: placed.startBytes,
                sizeBytes: placed.sizeBytes,
                cancellation: cancellation
            ) { count in
                done += count
                progress(.composing(doneBytes: done, totalBytes: total))
            }
        }
        for segment in layout.tableSegments() {
            try composer.put(segment.bytes, at: segment.offsetBytes)
        }
        return try composer.finish(cancellation: cancellation)
    }

    private static func usedBytes(_ content: PartitionMaker.Content?) -> Int64 {
        content?.parts.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } ?? 0
    }

    private func result(
        _ place: OutputPlace,
        _ layout: DiskLayout,
        _ contents: [PartitionMaker.Content?],
        _ map: BlockMap
    ) -> BuiltImage {
        // The names of the profile: an MBR has none.
        let names = recipe.profile.partitions.map(\.name)
        let partitions = zip(zip(layout.partitions, names), contents).map { place, content in
            let (placed, name) = place
            return BuiltImage.Partition(
                number: placed.number,
                name: name,
                startBytes: placed.startBytes,
                sizeBytes: placed.sizeBytes,
                usedBytes: Self.usedBytes(content),
                fileCount: content?.fileCount ?? 0
            )
        }
        return BuiltImage(
            path: place.path,
            sizeBytes: layout.sizeBytes,
            mappedBytes: map.mappedBlockCount * map.blockSizeBytes,
            blockMapPath: place.blockMapPath,
            partitions: partitions
        )
    }
}
