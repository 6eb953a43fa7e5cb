import Glibc

/// What stands behind the path of an input; links that the person names are followed.
enum InputKind {
    case file(sizeBytes: Int64)
    case folder

    init(of path: String) throws(ImageError) {
        var information = stat()
        guard stat(path, &information) == 0 else { throw .unreadable(path: path, code: errno) }
        switch information.st_mode & S_IFMT {
        case S_IFREG: self = .file(sizeBytes: Int64(information.st_size))
        case S_IFDIR: self = .folder
        default: throw .wrongKind(path: path, expected: "a file or a folder")
        }
        guard access(path, R_OK) == 0 else { throw .unreadable(path: path, code: errno) }
    }

    /// Why an input cannot be used; `nil` when it can.
    static func problem(of path: String) -> String? {
        do {
            _ = try InputKind(of: path)
            return nil
        } catch {
            guard case .unreadable(_, ENOENT) = error else { return "\(error)" }
            return "there is no '\(path)'"
        }
    }

    /// The size of a file, or of all files in a folder; `nil` when it cannot be read.
    static func sizeBytes(of path: String) -> Int64? {
        switch try? InputKind(of: path) {
        case .file(let size): size
        case .folder: try? FileTree(folder: path).sizeBytes
        case nil: nil
        }
    }

    /// A file, or everything in a folder, as part of a tree.
    static func add(
        _ path: String,
        as name: String,
        to tree: inout FileTree
    ) throws(ImageError) {
        let isWhole = name == FirmwareProfile.FileEntry.wholePath
        switch try InputKind(of: path) {
        case .file(let size):
            guard !isWhole else { throw .wrongKind(path: path, expected: "a folder") }
            let isProgram = access(path, X_OK) == 0
            try tree.add(
                name,
                .file(path: path, sizeBytes: size),
                mode: isProgram ? 0o755 : 0o644
            )
        case .folder:
            if !isWhole { try tree.add(name, .directory, mode: 0o755) }
            try tree.add(FileTree(folder: path), below: isWhole ? "" : name)
        }
    }
}
