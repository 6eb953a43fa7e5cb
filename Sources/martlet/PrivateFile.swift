import Foundation
import Terminal

/// Files that hold secrets.
enum PrivateFile {
    /// Creates a durable file that did not exist before and that nobody else could ever read.
    static func create(_ text: String, at path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
        } catch {
            unlink(path)
            throw Failure(.io, "cannot write the file", place: path)
        }
    }

    private static func failure(_ path: String) -> Failure {
        Failure(.io, "cannot make the file: \(String(cString: strerror(errno)))", place: path)
    }
}
