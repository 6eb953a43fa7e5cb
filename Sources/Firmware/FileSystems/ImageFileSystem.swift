/// A file system in a partition of an image, whichever it is.
struct ImageFileSystem {
    /// What an entry is.
    enum Kind: String, Sendable {
        case file, folder, link, other

        init(letter: Character) {
            switch letter {
            case "-": self = .file
            case "d": self = .folder
            case "l": self = .link
            default: self = .other
            }
        }
    }

    /// One entry of a file system.
    struct File: Sendable, Hashable {
        let path: String
        let kind: Kind
        let sizeBytes: Int64
        /// Permissions and owner, in the words of the file system's own tools.
        let access: String
    }

    private enum Reader {
        case fat(FATReader)
        case ext4(Ext4Reader)
        case squashfs(SquashFSReader)
    }

    private let reader: Reader
    /// `fat16`, `fat32`, `ext4` or `squashfs`.
    let name: String

    /// Finds out what is in some bytes of an image; `nil` when it is nothing that we know.
    ///
    /// - Throws: `ImageError` when it says what it is, and is damaged.
    init?(
        _ file: SparseFile,
        _ bytes: Range<Int64>,
        cancellation: Cancellation
    ) throws(ImageError) {
        let count = min(2_048, bytes.upperBound - bytes.lowerBound)
        let head = try file.read(at: bytes.lowerBound, count: Int(count))
        guard head.count == 2_048 else { return nil }
        if head.starts(with: Array("hsqs".utf8)) {
            name = "squashfs"
            reader = .squashfs(
                SquashFSReader(
                    path: file.path,
                    offsetBytes: bytes.lowerBound,
                    cancellation: cancellation
                )
            )
        } else if head[1_080] == 0x53, head[1_081] == 0xEF {
            name = "ext4"
            reader = .ext4(
                Ext4Reader(
                    path: file.path,
                    offsetBytes: bytes.lowerBound,
                    cancellation: cancellation
                )
            )
        } else if head[510] == 0x55, head[511] == 0xAA, head[3..<8].contains(where: { $0 != 0 }) {
            let fat = try FATReader(file, bytes)
            name = fat.isFAT32 ? "fat32" : "fat16"
            reader = .fat(fat)
        } else {
            return nil
        }
    }

    /// Every entry, sorted by path.
    func files() throws(ImageError) -> [File] {
        switch reader {
        case .fat(let fat): try fat.nodes().map(Self.file)
        case .ext4(let ext4): try ext4.nodes().map(Self.file)
        case .squashfs(let squashfs): try squashfs.files()
        }
    }

    private static func file(_ node: FATReader.Node) -> File {
        File(
            path: node.path,
            kind: node.isFolder ? .folder : .file,
            sizeBytes: node.sizeBytes,
            access: ""
        )
    }

    private static func file(_ node: Ext4Reader.Node) -> File {
        let kinds: [Int: Kind] = [0o100000: .file, 0o040000: .folder, 0o120000: .link]
        return File(
            path: node.path,
            kind: kinds[node.mode & 0o170000] ?? .other,
            sizeBytes: node.mode & 0o170000 == 0o100000 ? node.sizeBytes : 0,
            access: "\(String(node.mode & 0o7777, radix: 8)) \(node.owner)"
        )
    }

    /// SHA-256 of the contents of some files, by path.
    func digests(of paths: Set<String>) throws(ImageError) -> [String: [UInt8]] {
        var digests: [String: [UInt8]] = [:]
        switch reader {
        case .fat(let fat):
            for node in try fat.nodes() where paths.contains(node.path) {
                var digest = Digest()
                try fat.read(node) { digest.update($0) }
                digests[node.path] = digest.finish()
            }
        case .ext4(let ext4):
            for node in try ext4.nodes() where paths.contains(node.path) {
                digests[node.path] = Digest.sha256(try ext4.content(of: node))
            }
        case .squashfs(let squashfs):
            for path in paths { digests[path] = Digest.sha256(try squashfs.content(of: path)) }
        }
        return digests
    }

    /// One small file's content; `nil` when it is not there.
    func content(of path: String, limitBytes: Int) throws(ImageError) -> [UInt8]? {
        guard case .fat(let fat) = reader,
            let node = try fat.nodes().first(where: { $0.path == path }),
            node.sizeBytes <= limitBytes
        else { return nil }
        var bytes: [UInt8] = []
        try fat.read(node) { bytes += $0 }
        return bytes
    }
}
