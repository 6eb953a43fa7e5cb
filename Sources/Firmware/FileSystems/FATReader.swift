/// Reads a FAT16 or FAT32 file system out of an image (Microsoft's FAT specification 1.03).
///
/// ```
/// | boot sector, reserved | FAT 1 | FAT 2 | root folder (FAT16) | clusters 2, 3, ...           |
/// 0        reserved * sector                                    dataStart             total
/// ```
/// Invariants, proved by `init` for hostile images: every area lies in the partition, sizes are
/// powers of two, and the number of clusters is bounded by the table that describes them. Walks
/// are bounded by the number of clusters, so that a chain in a ring ends.
struct FATReader {
    /// A file or folder, as the listing has it.
    struct Node: Sendable, Hashable {
        let path: String
        let isFolder: Bool
        let sizeBytes: Int64
        let firstCluster: Int
    }

    let isFAT32: Bool
    let clusterBytes: Int64
    let clusterCount: Int
    /// From the partition's start, where the clusters begin.
    let dataStartBytes: Int64
    private let file: SparseFile
    private let startBytes: Int64
    private let rootStartBytes: Int64
    private let rootCluster: Int
    private let next: [UInt32]
    private let endMark: UInt32

    /// Files of one partition that are listed.
    static let nodeCountMax = 20_000
    /// A table of 16 MiB describes 2 TiB in clusters of 512 KiB, or 2 GiB in clusters of 512 bytes.
    static let tableSizeMax: Int64 = 64 << 20

    /// Reads the boot sector and the table.
    ///
    /// - Parameters:
    ///   - file: the image.
    ///   - bytes: the partition in it.
    /// - Throws: `ImageError` when an invariant is broken.
    init(_ file: SparseFile, _ bytes: Range<Int64>) throws(ImageError) {
        func refused(_ what: String) -> ImageError { .imageRefused(detail: "FAT: \(what)") }
        guard bytes.upperBound - bytes.lowerBound >= 512 else { throw refused("no boot sector") }
        let boot = try file.read(at: bytes.lowerBound, count: 512)
        func number(_ offset: Int, _ count: Int) -> Int64 {
            (0..<count).reduce(0) { $0 | Int64(boot[offset + $1]) << (8 * $1) }
        }
        let sector = number(11, 2)
        let perCluster = number(13, 1)
        guard boot[510] == 0x55, boot[511] == 0xAA, [512, 1_024, 2_048, 4_096].contains(sector),
            perCluster > 0, perCluster.nonzeroBitCount == 1, number(14, 2) > 0,
            (1...2).contains(number(16, 1))
        else { throw refused("the boot sector is none") }
        let isWide = number(22, 2) == 0
        let tableSectors = isWide ? number(36, 4) : number(22, 2)
        let sectors = number(19, 2) != 0 ? number(19, 2) : number(32, 4)
        let rootBytes = (number(17, 2) * 32 + sector - 1) / sector * sector
        let rootStart = (number(14, 2) + number(16, 1) * tableSectors) * sector
        let dataStart = rootStart + rootBytes
        let total = sectors * sector
        guard total <= bytes.upperBound - bytes.lowerBound, dataStart <= total else {
            throw refused("it is larger than its partition")
        }
        let clusters = (total - dataStart) / (sector * perCluster)
        let entryBytes: Int64 = isWide ? 4 : 2
        guard (clusters + 2) * entryBytes <= tableSectors * sector,
            tableSectors * sector <= Self.tableSizeMax, isWide || clusters < 65_525
        else { throw refused("the table does not describe \(clusters) clusters") }
        let table = try file.read(
            at: bytes.lowerBound + number(14, 2) * sector,
            count: Int((clusters + 2) * entryBytes)
        )
        next = Self.entries(table, entryBytes: Int(entryBytes))
        isFAT32 = isWide
        endMark = isWide ? 0x0FFF_FFF8 : 0xFFF8
        self.file = file
        startBytes = bytes.lowerBound
        clusterBytes = sector * perCluster
        clusterCount = Int(clusters)
        dataStartBytes = dataStart
        rootStartBytes = rootStart
        rootCluster = isWide ? Int(number(44, 4)) : 0
    }

    private static func entries(_ table: [UInt8], entryBytes: Int) -> [UInt32] {
        stride(from: 0, to: table.count, by: entryBytes).map { start in
            let low = UInt32(table[start]) | UInt32(table[start + 1]) << 8
            guard entryBytes == 4 else { return low }
            return low | UInt32(table[start + 2]) << 16 | UInt32(table[start + 3] & 15) << 24
        }
    }

    /// What must be written to a device, from the partition's start: the areas before the clusters,
    /// and every cluster in use.
    var allocated: [Range<Int64>] {
        var ranges = [0..<dataStartBytes]
        for index in 0..<clusterCount where next[index + 2] != 0 {
            let start = dataStartBytes + Int64(index) * clusterBytes
            if let last = ranges.last, last.upperBound == start {
                ranges[ranges.count - 1] = last.lowerBound..<start + clusterBytes
            } else {
                ranges.append(start..<start + clusterBytes)
            }
        }
        return ranges
    }

    /// Every file and folder, sorted by path.
    func nodes() throws(ImageError) -> [Node] {
        var found: [Node] = []
        var waiting = [Node(path: "", isFolder: true, sizeBytes: 0, firstCluster: rootCluster)]
        while let folder = waiting.popLast() {
            let bytes = try folderBytes(folder)
            var entries = FATFolderReader(bytes: bytes, path: folder.path)
            for node in try entries.nodes() {
                guard found.count < Self.nodeCountMax else {
                    throw .tooMuch(what: "files", limit: Int64(Self.nodeCountMax))
                }
                found.append(node)
                if node.isFolder { waiting.append(node) }
            }
        }
        return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    private func folderBytes(_ folder: Node) throws(ImageError) -> [UInt8] {
        if folder.firstCluster == 0 {
            guard folder.path.isEmpty else { return [] }
            return try file.read(
                at: startBytes + rootStartBytes,
                count: Int(dataStartBytes - rootStartBytes)
            )
        }
        var bytes: [UInt8] = []
        // 65,536 entries of 32 bytes is the most that a folder may have.
        for cluster in try chain(from: folder.firstCluster) where bytes.count < 65_536 * 32 {
            bytes += try file.read(at: offset(of: cluster), count: Int(clusterBytes))
        }
        return bytes
    }

    /// Hands over a file's content in parts.
    func read(
        _ node: Node,
        part: ([UInt8]) throws(ImageError) -> Void
    ) throws(ImageError) {
        guard node.sizeBytes > 0 else { return }
        var remaining = node.sizeBytes
        for cluster in try chain(from: node.firstCluster) where remaining > 0 {
            let count = min(remaining, clusterBytes)
            try part(file.read(at: offset(of: cluster), count: Int(count)))
            remaining -= count
        }
        guard remaining == 0 else {
            throw .imageRefused(detail: "FAT: '\(node.path)' is shorter than its entry says")
        }
    }

    private func offset(of cluster: Int) -> Int64 {
        startBytes + dataStartBytes + Int64(cluster - 2) * clusterBytes
    }

    private func chain(from first: Int) throws(ImageError) -> [Int] {
        var clusters: [Int] = []
        var cluster = first
        while true {
            guard (2..<clusterCount + 2).contains(cluster), clusters.count < clusterCount else {
                throw .imageRefused(detail: "FAT: a chain leaves the table or is a ring")
            }
            clusters.append(cluster)
            guard next[cluster] < endMark else { return clusters }
            cluster = Int(next[cluster])
        }
    }
}
