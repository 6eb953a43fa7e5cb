/// Where two images differ: in their tables, in which partitions, files and bytes.
public struct ImageDifference: Sendable, Hashable, Encodable {
    /// A file that is not the same in both.
    public struct File: Sendable, Hashable, Encodable {
        /// The path in the partition.
        public let path: String
        /// `only in first`, `only in second`, `content`, `size`, `kind` or `access`.
        public let difference: String
    }

    /// A partition that is not the same in both.
    public struct Partition: Sendable, Hashable, Encodable {
        /// The number in the tables.
        public let number: Int
        /// The name in the first table that has it.
        public let name: String
        /// Files that differ; empty when only the file system's own bytes do, or there is none.
        public let files: [File]
        /// Bytes on the disk that differ, `first-last`, at most the limit.
        public let byteRanges: [String]
    }

    /// What differs in the tables: sizes, identifiers, places.
    public let table: [String]
    /// Partitions that differ, by their numbers.
    public let partitions: [Partition]
    /// Bytes outside all partitions that differ, `first-last`.
    public let byteRanges: [String]

    /// Whether the images hold the same bytes.
    public var isEmpty: Bool { table.isEmpty && partitions.isEmpty && byteRanges.isEmpty }

    /// Byte ranges that are told of one partition; more are cut off.
    public static let rangeCountMax = 64

    /// Compares two images.
    ///
    /// - Throws: `ImageError` when one has no table that can be read.
    public init(
        _ first: String,
        _ second: String,
        cancellation: Cancellation = Cancellation()
    ) throws(ImageError) {
        let files = [try SparseFile(reading: first), try SparseFile(reading: second)]
        let layouts = [
            try ImageInspection.layout(of: files[0]), try ImageInspection.layout(of: files[1]),
        ]
        table = Self.tableDifferences(files, layouts)
        let comparison = ByteComparison(files[0], files[1])
        var outside = try comparison.ranges(cancellation: cancellation)
        var partitions: [Partition] = []
        for placed in layouts[0].partitions {
            let bytes = placed.startBytes..<placed.endBytes
            let inside = outside.compactMap { $0.overlaps(bytes) ? $0.clamped(to: bytes) : nil }
            outside = outside.flatMap { Self.rest(of: $0, without: bytes) }
            let other = layouts[1].partitions.first { $0.number == placed.number }
            guard let other, other.startBytes == placed.startBytes,
                other.sizeBytes == placed.sizeBytes, !inside.isEmpty
            else {
                if !inside.isEmpty {
                    partitions.append(Self.partition(placed, [], inside))
                }
                continue
            }
            let readers = files.map {
                PartitionReader(file: $0, placed: placed, cancellation: cancellation)
            }
            partitions.append(Self.partition(placed, try Self.compare(readers), inside))
        }
        self.partitions = partitions
        byteRanges = Self.text(of: outside)
    }

    private static func partition(
        _ placed: PlacedPartition,
        _ files: [File],
        _ ranges: [Range<Int64>]
    ) -> Partition {
        Partition(
            number: placed.number,
            name: placed.name,
            files: files,
            byteRanges: text(of: ranges)
        )
    }

    private static func text(of ranges: [Range<Int64>]) -> [String] {
        let told = ranges.prefix(rangeCountMax).map { "\($0.lowerBound)-\($0.upperBound - 1)" }
        return ranges.count <= rangeCountMax
            ? told : told + ["and \(ranges.count - told.count) more"]
    }

    private static func rest(of range: Range<Int64>, without hole: Range<Int64>) -> [Range<Int64>] {
        [
            range.lowerBound..<max(range.lowerBound, min(range.upperBound, hole.lowerBound)),
            min(range.upperBound, max(range.lowerBound, hole.upperBound))..<range.upperBound,
        ].filter { !$0.isEmpty }
    }

    private static func tableDifferences(
        _ files: [SparseFile],
        _ layouts: [DiskLayout]
    ) -> [String] {
        var found: [String] = []
        if files[0].sizeBytes != files[1].sizeBytes {
            found.append("size: \(files[0].sizeBytes) and \(files[1].sizeBytes) bytes")
        }
        if layouts[0].table != layouts[1].table { found.append("kind of table") }
        if layouts[0].diskIdentifier != layouts[1].diskIdentifier {
            found.append("disk identifier")
        }
        let numbers = Set(layouts.flatMap { $0.partitions.map(\.number) })
        for number in numbers.sorted() {
            let pair = layouts.map { $0.partitions.first { $0.number == number } }
            if pair[0] != pair[1] {
                let name = (pair[0] ?? pair[1])?.name ?? ""
                let what =
                    pair[0] == nil
                    ? "only in second" : pair[1] == nil ? "only in first" : "entry differs"
                found.append("partition \(number) '\(name)': \(what)")
            }
        }
        return found
    }

    /// The files of one partition that differ.
    private static func compare(_ readers: [PartitionReader]) throws(ImageError) -> [File] {
        guard let first = try readers[0].fileSystem(), let second = try readers[1].fileSystem()
        else { return [] }
        let lists = [try first.files(), try second.files()]
        let old = Dictionary(lists[0].map { ($0.path, $0) }) { one, _ in one }
        let new = Dictionary(lists[1].map { ($0.path, $0) }) { one, _ in one }
        var found: [File] = []
        var same: Set<String> = []
        for path in Set(old.keys).union(new.keys) {
            switch (old[path], new[path]) {
            case (_, nil): found.append(File(path: path, difference: "only in first"))
            case (nil, _): found.append(File(path: path, difference: "only in second"))
            case (let one?, let two?):
                if one.kind != two.kind {
                    found.append(File(path: path, difference: "kind"))
                } else if one.sizeBytes != two.sizeBytes {
                    found.append(File(path: path, difference: "size"))
                } else if one.kind == .file {
                    same.insert(path)
                }
                if one.kind == two.kind, one.access != two.access {
                    found.append(File(path: path, difference: "access"))
                }
            }
        }
        let digests = [try first.digests(of: same), try second.digests(of: same)]
        for path in same where digests[0][path] != digests[1][path] {
            found.append(File(path: path, difference: "content"))
        }
        return found.sorted {
            ($0.path, $0.difference) < ($1.path, $1.difference)
        }
    }
}
