/// Files, folders and links as a file system or an archive shall hold them.
///
/// Invariants: paths are relative, sorted by their bytes, and unique; every part is a name that
/// cannot leave the tree; every folder above an entry is an entry; owners are 0 and times fixed.
public struct FileTree: Sendable, Hashable {
    /// What an entry holds.
    public enum Content: Sendable, Hashable {
        /// Bytes in memory.
        case bytes([UInt8])
        /// A file of the host, read when the tree is written.
        case file(path: String, sizeBytes: Int64)
        /// A link, kept as its text and never followed.
        case symlink(target: String)
        /// A folder.
        case directory
        /// A character device, which only an initramfs holds.
        case device(major: UInt32, minor: UInt32)
    }

    /// One entry.
    public struct Entry: Sendable, Hashable {
        /// The path from the tree's root, without a slash before it.
        public let path: String
        /// What it holds.
        public let content: Content
        /// Permission bits, at most 0o7777.
        public let mode: UInt16
    }

    private var entriesByPath: [String: Entry] = [:]
    /// Bytes of all files.
    public private(set) var sizeBytes: Int64 = 0

    /// Entries of one tree: the root of a Debian system has about 20,000.
    public static let entryCountMax = 400_000
    /// The longest path in bytes.
    public static let pathSizeMax = 1_024
    /// The longest name in bytes, as Linux has it.
    public static let nameSizeMax = 255
    /// Content of one tree.
    public static let sizeMax: Int64 = 1 << 40

    /// Makes an empty tree.
    public init() {}

    /// The entries, folders before what they hold.
    public var entries: [Entry] {
        entriesByPath.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// The entry of a path.
    public subscript(path: String) -> Entry? { entriesByPath[path] }

    /// Adds an entry, and the folders above it where they are missing.
    ///
    /// - Parameters:
    ///   - path: relative, parts between single slashes.
    ///   - content: what it holds.
    ///   - mode: permission bits.
    /// - Throws: `ImageError` when the path is refused or taken.
    public mutating func add(
        _ path: String,
        _ content: Content,
        mode: UInt16 = 0o644
    ) throws(ImageError) {
        try Self.check(path)
        if let old = entriesByPath[path] {
            guard old.content == .directory, content == .directory else {
                throw .nameRefused(name: path, reason: "it is there twice")
            }
        }
        guard entriesByPath.count < Self.entryCountMax else {
            throw .tooMuch(what: "files", limit: Int64(Self.entryCountMax))
        }
        guard content.sizeBytes <= Self.sizeMax - sizeBytes else {
            throw .tooMuch(what: "bytes", limit: Self.sizeMax)
        }
        let parts = path.split(separator: "/")
        for count in 1..<max(parts.count, 1) {
            let folder = parts[..<count].joined(separator: "/")
            let found = entriesByPath[folder]
            guard found == nil || found?.content == .directory else {
                throw .nameRefused(name: path, reason: "'\(folder)' is no folder")
            }
            if found == nil {
                entriesByPath[folder] = Entry(path: folder, content: .directory, mode: 0o755)
            }
        }
        entriesByPath[path] = Entry(path: path, content: content, mode: mode & 0o7777)
        sizeBytes += content.sizeBytes
    }

    /// Adds another tree below a folder; the empty folder is the root.
    public mutating func add(_ tree: FileTree, below folder: String) throws(ImageError) {
        for entry in tree.entries {
            let path = folder.isEmpty ? entry.path : folder + "/" + entry.path
            try add(path, entry.content, mode: entry.mode)
        }
    }

    static func check(_ path: String) throws(ImageError) {
        func refused(_ reason: String) -> ImageError { .nameRefused(name: path, reason: reason) }
        guard !path.isEmpty else { throw refused("it is empty") }
        guard path.utf8.count <= pathSizeMax else {
            throw refused("a path has at most \(pathSizeMax) bytes")
        }
        guard path.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw refused("it holds a control character")
        }
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            guard !part.isEmpty else { throw refused("it begins or ends with '/', or holds '//'") }
            guard part != ".", part != ".." else { throw refused("it holds '\(part)'") }
            guard part.utf8.count <= nameSizeMax else {
                throw refused("a name has at most \(nameSizeMax) bytes")
            }
        }
    }
}

extension FileTree.Content {
    /// Bytes of a file; 0 of everything else.
    var sizeBytes: Int64 {
        switch self {
        case .bytes(let bytes): Int64(bytes.count)
        case .file(_, let size): size
        case .symlink, .directory, .device: 0
        }
    }
}
