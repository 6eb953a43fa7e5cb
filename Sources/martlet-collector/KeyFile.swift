import BundleFormat
import Foundation
import Glibc

/// The file that holds the collector's keys.
enum KeyFile {
    /// A key file has 156 bytes.
    private static let sizeMax = 1_024

    /// Reads the keys of a data directory, and makes them on the first use.
    ///
    /// The file appears whole or not at all, and once: of several processes that make keys at the
    /// same time one wins, and all return its keys.
    static func load(_ directory: DataDirectory) throws(CollectorError) -> CollectorKeys {
        guard Sodium.initialize() else { throw .randomnessMissing }
        if let keys = try read(directory.keyPath) { return keys }
        try create(CollectorKeys(), in: directory)
        guard let keys = try read(directory.keyPath) else {
            throw .fileFailed(path: directory.keyPath, code: ENOENT)
        }
        return keys
    }

    private static func read(_ path: String) throws(CollectorError) -> CollectorKeys? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .fileFailed(path: path, code: errno)
        }
        defer { close(descriptor) }
        guard isPrivate(path) else { throw .keyExposed(path: path) }
        var content = [UInt8](repeating: 0, count: sizeMax)
        let count = Glibc.read(descriptor, &content, content.count)
        guard count >= 0 else { throw .fileFailed(path: path, code: errno) }
        guard let keys = CollectorKeys(fileContent: [UInt8](content[..<count])) else {
            throw .keyMalformed(path: path)
        }
        return keys
    }

    /// Whether nobody but the owner may do anything with the file.
    private static func isPrivate(_ path: String) -> Bool {
        // Not by fstat: two clang modules of the server's libraries both define its structure.
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let mode = attributes?[.posixPermissions] as? NSNumber else { return false }
        return mode.intValue & 0o077 == 0
    }

    /// Writes a file under another name, synchronises it, and gives it its own name unless that
    /// is taken: a link, unlike a rename, never replaces another process's keys.
    private static func create(
        _ keys: CollectorKeys,
        in directory: DataDirectory
    ) throws(CollectorError) {
        let temporary = directory.keyPath + ".\(getpid()).\(UInt32.random(in: 0 ... .max))"
        defer { unlink(temporary) }
        try write(keys.fileContent, to: temporary)
        guard link(temporary, directory.keyPath) == 0 || errno == EEXIST else {
            throw .fileFailed(path: directory.keyPath, code: errno)
        }
        try synchronize(directory.path)
    }

    private static func write(_ content: [UInt8], to path: String) throws(CollectorError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .fileFailed(path: path, code: errno) }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, content, content.count) == content.count,
            fsync(descriptor) == 0
        else { throw .fileFailed(path: path, code: errno == 0 ? EIO : errno) }
    }

    private static func synchronize(_ folder: String) throws(CollectorError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .fileFailed(path: folder, code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .fileFailed(path: folder, code: errno) }
    }
}
