import Foundation
import Glibc

/// The folder that holds everything of a collector: database, keys and lock.
struct DataDirectory: Sendable {
    /// The folder's path.
    let path: String

    /// Opens the folder, and makes it with mode 0700 when it is missing.
    init(path: String) throws(CollectorError) {
        self.path = path
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
            guard isDirectory.boolValue else { throw .fileFailed(path: path, code: ENOTDIR) }
            return
        }
        let parent = URL(filePath: path).deletingLastPathComponent().path()
        do {
            try FileManager.default.createDirectory(
                atPath: parent,
                withIntermediateDirectories: true
            )
        } catch {
            throw .fileFailed(path: parent, code: EACCES)
        }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw .fileFailed(path: path, code: errno)
        }
    }

    /// The database.
    var databasePath: String { path + "/telemetry.sqlite" }
    /// The keys.
    var keyPath: String { path + "/identity.key" }
    /// The lock of the one server.
    var lockPath: String { path + "/lock" }
}

/// The right to serve a data directory, held until the value ends or the process does.
struct DirectoryLock: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock.
    ///
    /// - Throws: `CollectorError.directoryInUse` when another server holds it.
    init(_ directory: DataDirectory) throws(CollectorError) {
        let path = directory.lockPath
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .fileFailed(path: path, code: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            throw code == EWOULDBLOCK
                ? .directoryInUse(path: directory.path) : .fileFailed(path: path, code: code)
        }
    }

    deinit { close(descriptor) }
}
