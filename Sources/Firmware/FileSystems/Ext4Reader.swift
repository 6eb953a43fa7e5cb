/// Reads an ext4 file system out of an image, through e2fsprogs.
struct Ext4Reader {
    /// A file, folder or link, as the listing has it.
    struct Node: Sendable, Hashable {
        let path: String
        let inode: Int64
        /// Type and permission bits.
        let mode: Int
        let owner: String
        let sizeBytes: Int64
    }

    /// The image, and where the file system begins in it.
    let path: String
    let offsetBytes: Int64
    let cancellation: Cancellation

    /// Files of one partition that are listed; each folder is one run of a program.
    static let nodeCountMax = 20_000

    /// Where e2fsprogs find the file system.
    private var place: String { offsetBytes == 0 ? path : "\(path)?offset=\(offsetBytes)" }

    /// What must be written to a device: every block that the bitmaps call used.
    func allocated() throws(ImageError) -> [Range<Int64>] {
        let result = try ExternalTool.dumpe2fs.run([place], cancellation: cancellation)
        var blockSize: Int64 = 0
        var blockCount: Int64 = 0
        var free: [Range<Int64>] = []
        var used: [Range<Int64>] = []
        for line in String(decoding: result.output, as: UTF8.self).split(separator: "\n") {
            if line.hasPrefix("Block size:") { blockSize = Self.lastNumber(line) }
            if line.hasPrefix("Block count:") { blockCount = Self.lastNumber(line) }
            guard line.hasPrefix("  Free blocks: ") else { continue }
            for text in line.dropFirst(15).split(separator: ",") {
                let bounds = text.split(separator: "-").map {
                    Int64($0.filter { $0 != " " }) ?? -1
                }
                guard let first = bounds.first, let last = bounds.last, first >= 0, last >= first
                else { throw .imageRefused(detail: "ext4: dumpe2fs says '\(text)'") }
                free.append(first..<last + 1)
            }
        }
        guard [1_024, 2_048, 4_096].contains(blockSize), blockCount > 0, blockCount < 1 << 48 else {
            throw .imageRefused(detail: "ext4: dumpe2fs says no size")
        }
        var next: Int64 = 0
        for range in free.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if next < range.lowerBound {
                used.append(next * blockSize..<range.lowerBound * blockSize)
            }
            next = max(next, range.upperBound)
        }
        if next < blockCount { used.append(next * blockSize..<blockCount * blockSize) }
        return used
    }

    private static func lastNumber(_ line: Substring) -> Int64 {
        line.split(separator: " ").last.flatMap { Int64($0) } ?? 0
    }

    /// Every file, folder and link, sorted by path; without `lost+found`.
    func nodes() throws(ImageError) -> [Node] {
        var found: [Node] = []
        var seen: Set<Int64> = [2]
        var waiting: [(path: String, inode: Int64)] = [("", 2)]
        while let folder = waiting.popLast() {
            let listing = try ExternalTool.debugfs.run(
                ["-R", "ls -p <\(folder.inode)>", place],
                cancellation: cancellation
            )
            for node in try Self.nodes(of: listing.output, below: folder.path) {
                guard found.count < Self.nodeCountMax else {
                    throw .tooMuch(what: "files", limit: Int64(Self.nodeCountMax))
                }
                guard node.path != "lost+found" else { continue }
                found.append(node)
                // A folder that is listed twice would be a ring.
                if node.mode & 0o170000 == 0o040000, seen.insert(node.inode).inserted {
                    waiting.append((node.path, node.inode))
                }
            }
        }
        return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// Lines `/inode/mode/owner/group/name/size/`.
    private static func nodes(
        of output: [UInt8],
        below folder: String
    ) throws(ImageError) -> [Node] {
        var nodes: [Node] = []
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 8, let inode = Int64(parts[1]), let mode = Int(parts[2], radix: 8)
            else { continue }
            guard parts[5] != ".", parts[5] != "..", inode > 0 else { continue }
            let path = folder.isEmpty ? String(parts[5]) : folder + "/" + parts[5]
            try FileTree.check(path)
            nodes.append(
                Node(
                    path: path,
                    inode: inode,
                    mode: mode,
                    owner: "\(parts[3]):\(parts[4])",
                    sizeBytes: Int64(parts[6]) ?? 0
                )
            )
        }
        return nodes
    }

    /// A file's content; files of more than the limit of programs' output are refused.
    func content(of node: Node) throws(ImageError) -> [UInt8] {
        try ExternalTool.debugfs.run(
            ["-R", "cat <\(node.inode)>", place],
            cancellation: cancellation
        ).output
    }
}
