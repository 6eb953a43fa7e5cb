import Glibc

extension FileTree {
    /// Reads what a folder of the host holds; links are kept as they are and never followed.
    ///
    /// - Parameter path: the folder, which itself may be behind a link.
    /// - Throws: `ImageError` for names that cannot be stored, and for pipes, sockets and devices.
    public init(folder path: String) throws(ImageError) {
        self.init()
        try addFolder(path, below: "", depth: 0)
    }

    /// Folders in folders: real trees have fewer than 20.
    static let depthMax = 64

    private mutating func addFolder(
        _ folder: String,
        below place: String,
        depth: Int
    ) throws(ImageError) {
        guard depth < Self.depthMax else {
            throw .tooMuch(what: "folders in each other", limit: Int64(Self.depthMax))
        }
        for name in try Self.names(in: folder) {
            let path = place.isEmpty ? name : place + "/" + name
            let source = folder + "/" + name
            var information = stat()
            guard lstat(source, &information) == 0 else {
                throw .unreadable(path: source, code: errno)
            }
            let mode = UInt16(truncatingIfNeeded: information.st_mode) & 0o7777
            switch information.st_mode & S_IFMT {
            case S_IFDIR:
                try add(path, .directory, mode: mode)
                try addFolder(source, below: path, depth: depth + 1)
            case S_IFREG:
                try add(
                    path,
                    .file(path: source, sizeBytes: Int64(information.st_size)),
                    mode: mode
                )
            case S_IFLNK:
                try add(path, .symlink(target: Self.target(of: source)), mode: 0o777)
            default:
                throw .wrongKind(path: source, expected: "a file, a folder or a link")
            }
        }
    }

    /// The names in a folder, without `.` and `..`, in any order.
    static func names(in folder: String) throws(ImageError) -> [String] {
        guard let directory = opendir(folder) else { throw .unreadable(path: folder, code: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            // The system ends the name with a NUL within the entry.
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    String(validatingCString: $0)
                }
            }
            guard let name else {
                throw .nameRefused(name: "a file in \(folder)", reason: "it is not UTF-8")
            }
            guard name != ".", name != ".." else { continue }
            names.append(name)
            guard names.count <= entryCountMax else {
                throw .tooMuch(what: "files", limit: Int64(entryCountMax))
            }
        }
        return names
    }

    private static func target(of link: String) throws(ImageError) -> String {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return -1 }
            return readlink(link, start.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        guard count > 0, count < bytes.count else { throw .unreadable(path: link, code: errno) }
        let target = String(decoding: bytes[..<count], as: UTF8.self)
        let isPlain = target.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0.value != 0x7F && $0.value != 0xFFFD
        }
        guard isPlain else {
            throw .nameRefused(name: target, reason: "a link's text holds a control character")
        }
        return target
    }
}
