import Glibc

/// Files and folders that only live as long as a build.
enum WorkFile {
    /// Writes a file into a folder of our own.
    static func write(
        _ bytes: [UInt8],
        named name: String,
        in folder: String
    ) throws(ImageError) -> String {
        let path = folder + "/" + name
        unlink(path)
        try SparseFile(creating: path, sizeBytes: Int64(bytes.count)).write(bytes, at: 0)
        return path
    }

    static func write(
        _ text: String,
        named name: String,
        in folder: String
    ) throws(ImageError) -> String {
        try write([UInt8](text.utf8), named: name, in: folder)
    }

    /// Makes a folder that nobody else has, for this user alone.
    static func makeFolder(below parent: String, name: String) throws(ImageError) -> String {
        var template = Array((parent + "/" + name + ".XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw SparseFile.failure(parent, errno) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes the files and links in a folder of our own; folders in it stay.
    static func removeAll(in folder: String) {
        for name in (try? FileTree.names(in: folder)) ?? [] { unlink(folder + "/" + name) }
    }

    /// Removes a folder of our own and everything in it, without following links.
    static func removeFolder(_ folder: String) {
        for name in (try? FileTree.names(in: folder)) ?? [] {
            let path = folder + "/" + name
            if unlink(path) != 0, errno == EISDIR || errno == EPERM { removeFolder(path) }
        }
        rmdir(folder)
    }

    /// A path that means the same in every folder.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        var buffer = [CChar](repeating: 0, count: 4_096)
        guard getcwd(&buffer, buffer.count) != nil else { return path }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self) + "/" + path
    }
}
