import BootControl

/// What an image holds, read from its bytes alone, of which nothing is believed.
public struct ImageInspection: Sendable, Hashable, Encodable {
    /// A file, folder or link of a partition.
    public struct File: Sendable, Hashable, Encodable {
        /// The path in the partition.
        public let path: String
        /// `file`, `folder`, `link` or `other`.
        public let kind: String
        /// The size of a file in bytes.
        public let sizeBytes: Int64
        /// Permissions and owner, where the file system has them.
        public let access: String
    }

    /// A partition.
    public struct Partition: Sendable, Hashable, Encodable {
        /// The number in the table.
        public let number: Int
        /// The name in the table; empty where it has none.
        public let name: String
        /// What it is for; `unknown` where the type does not say it.
        public let kind: String
        /// The identifier in the table; empty in an MBR.
        public let identifier: String
        /// The first byte on the disk.
        public let startBytes: Int64
        /// The size in bytes.
        public let sizeBytes: Int64
        /// `fat16`, `fat32`, `ext4`, `squashfs`, or `raw`.
        public let fileSystem: String
        /// Everything in it.
        public let files: [File]
        /// Why the file system cannot be read; `nil` when it can.
        public let problem: String?
    }

    /// What stands beside the image as its block map.
    public enum MapState: String, Sendable, Hashable, Encodable {
        /// There is none.
        case absent
        /// Every checksum is right.
        case matching
        /// It is for other bytes, or damaged.
        case wrong
    }

    /// The size of the file in bytes.
    public let sizeBytes: Int64
    /// Bytes that take room on the host.
    public let allocatedBytes: Int64
    /// `gpt` or `mbr`.
    public let table: String
    /// The disk's identifier.
    public let diskIdentifier: String
    /// What is wrong with the table; `nil` when both copies are good.
    public let tableProblem: String?
    /// The partitions by their numbers.
    public let partitions: [Partition]
    /// The boot environment's variables, `NAME=VALUE`.
    public let bootEnvironment: [String]
    /// The state of `IMAGE.bmap`.
    public let blockMap: MapState

    /// Reads an image.
    ///
    /// - Parameters:
    ///   - path: the image.
    ///   - cancellation: a wish to stop.
    /// - Throws: `ImageError` when it has no table that can be read. A damaged file system is told
    ///   in its partition, not thrown.
    public init(_ path: String, cancellation: Cancellation = Cancellation()) throws(ImageError) {
        let file = try SparseFile(reading: path)
        let layout = try Self.layout(of: file)
        sizeBytes = file.sizeBytes
        allocatedBytes = file.allocatedBytes
        table = layout.table.rawValue
        switch layout.diskIdentifier {
        case .gpt(let identifier): diskIdentifier = "\(identifier)"
        case .mbr(let signature): diskIdentifier = "0x" + String(signature, radix: 16)
        }
        switch layout.condition {
        case .intact: tableProblem = nil
        case .primaryDamaged(let fault): tableProblem = "the primary table: \(fault)"
        case .backupDamaged(let fault): tableProblem = "the backup table: \(fault)"
        }
        var partitions: [Partition] = []
        var variables: [String] = []
        for placed in layout.partitions {
            try cancellation.check()
            let reader = PartitionReader(file: file, placed: placed, cancellation: cancellation)
            partitions.append(try reader.inspect())
            variables += try reader.bootVariables()
        }
        self.partitions = partitions
        bootEnvironment = variables
        blockMap = try Self.mapState(of: file, cancellation: cancellation)
    }

    static func layout(of file: SparseFile) throws(ImageError) -> DiskLayout {
        do throws(LayoutError) {
            return try DiskLayout(reading: file)
        } catch {
            throw .imageRefused(detail: "\(error)")
        }
    }

    private static func mapState(
        of file: SparseFile,
        cancellation: Cancellation
    ) throws(ImageError) -> MapState {
        guard let text = try? SparseFile(reading: file.path + ".bmap") else { return .absent }
        guard text.sizeBytes <= BlockMap.textSizeMax,
            let map = try? BlockMap(text: text.read(at: 0, count: Int(text.sizeBytes))),
            map.imageSizeBytes == file.sizeBytes
        else { return .wrong }
        for range in map.ranges {
            var digest = Digest()
            let bytes = map.byteRange(of: range)
            var place = bytes.lowerBound
            while place < bytes.upperBound {
                try cancellation.check()
                let count = min(SparseFile.chunkSizeBytes, bytes.upperBound - place)
                digest.update(try file.read(at: place, count: Int(count)))
                place += count
            }
            guard digest.finish() == range.sha256 else { return .wrong }
        }
        return .matching
    }
}

extension SparseFile: ReadableDisk {}

/// Reads one partition of an image.
struct PartitionReader {
    let file: SparseFile
    let placed: PlacedPartition
    let cancellation: Cancellation

    private var bytes: Range<Int64> { placed.startBytes..<placed.endBytes }

    /// The file system; `nil` where there is none.
    func fileSystem() throws(ImageError) -> ImageFileSystem? {
        guard bytes.upperBound <= file.sizeBytes else {
            throw .imageRefused(detail: "partition \(placed.number) is beyond its end")
        }
        return try ImageFileSystem(file, bytes, cancellation: cancellation)
    }

    func inspect() throws(ImageError) -> ImageInspection.Partition {
        var name = "raw"
        var files: [ImageFileSystem.File] = []
        var problem: String?
        do {
            if let system = try fileSystem() {
                name = system.name
                files = try system.files()
            }
        } catch .cancelled {
            throw .cancelled
        } catch .toolMissing(let tool, let package) {
            throw .toolMissing(tool: tool, package: package)
        } catch {
            problem = "\(error)"
        }
        return ImageInspection.Partition(
            number: placed.number,
            name: placed.name,
            kind: placed.kind?.rawValue ?? "unknown",
            identifier: placed.identifier.map { "\($0)" } ?? "",
            startBytes: placed.startBytes,
            sizeBytes: placed.sizeBytes,
            fileSystem: name,
            files: files.map {
                ImageInspection.File(
                    path: $0.path,
                    kind: $0.kind.rawValue,
                    sizeBytes: $0.sizeBytes,
                    access: $0.access
                )
            },
            problem: problem
        )
    }

    /// The variables of U-Boot's or GRUB's environment, where the partition holds one.
    func bootVariables() throws(ImageError) -> [String] {
        if placed.kind == .environment {
            let size = EnvironmentPlace.copySizeBytes
            let places = [EnvironmentPlace.offsets.0, EnvironmentPlace.offsets.1].map(Int64.init)
            guard places[1] + Int64(size) <= placed.sizeBytes else { return [] }
            let first = try file.read(at: placed.startBytes + places[0], count: size)
            let second = try file.read(at: placed.startBytes + places[1], count: size)
            let read = try? UBootEnvironment(first: first, second: second, sizeBytes: size)
            return Self.text(of: read?.variables)
        }
        guard placed.kind == .efiSystem, let system = try? fileSystem() else { return [] }
        let path = try? system.files().first { $0.path.hasSuffix("/grubenv") }?.path
        guard let path, let block = try? system.content(of: path, limitBytes: 1_024) else {
            return []
        }
        return Self.text(of: (try? GrubEnvironment(decoding: block))?.variables)
    }

    private static func text(of variables: BootVariables?) -> [String] {
        (variables?.entries ?? []).prefix(64).map {
            ImageError.visible(String(decoding: $0, as: UTF8.self))
        }
    }
}
