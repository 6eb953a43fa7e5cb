import Foundation
import Glibc
import Packager
import Terminal

/// A file that is read in pieces, so that memory does not grow with its size.
///
/// A class because it owns a file descriptor and remembers whether a read failed.
final class SampleFile {
    let path: String
    let sizeBytes: Int
    private let descriptor: Int32
    private(set) var hasFailed = false

    /// Opens a regular file; `nil` for pipes, devices and folders.
    ///
    /// - Throws: `Failure` when it cannot be opened or is over the limit.
    init?(path: String, limitBytes: Int) throws {
        var status = stat()
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(.io, "cannot read the file", place: path)
        }
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            return nil
        }
        guard status.st_size <= limitBytes else {
            close(descriptor)
            throw Failure(
                .io,
                "the file has more than the \(limitBytes) bytes that are read",
                place: path
            )
        }
        self.path = path
        sizeBytes = Int(status.st_size)
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Some bytes of the file; zeros in the place of those that cannot be read, which `check`
    /// reports.
    func bytes(_ range: Range<Int>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            buffer.initialize(repeating: 0)
            count = range.count
            var done = 0
            while done < range.count {
                let read = pread(
                    descriptor,
                    buffer.baseAddress?.advanced(by: done),
                    range.count - done,
                    off_t(range.lowerBound + done)
                )
                if read < 0, errno == EINTR { continue }
                guard read > 0 else {
                    hasFailed = true
                    return
                }
                done += read
            }
        }
    }

    /// Reports a read that failed.
    ///
    /// - Throws: `Failure` when the file shrank or its medium failed.
    func check() throws {
        guard hasFailed else { return }
        throw Failure(
            .io,
            "the file could not be read to its end",
            place: path,
            help: "it must not change while it is used"
        )
    }

    /// SHA-256 of a file that an array was read from, in hexadecimal, read in pieces.
    ///
    /// - Throws: `Failure` when the file cannot be read.
    static func sha256(ofArray path: String) throws -> String {
        let name = NumpyArray.split(path).file
        guard let file = try SampleFile(path: name, limitBytes: NumpyArray.fileSizeMax) else {
            return ContentDigest.sha256(
                try InputFile.read(name, limitBytes: NumpyArray.fileSizeMax)
            )
        }
        var offset = 0
        let digest = ContentDigest.sha256 {
            let end = min(offset + 1 << 20, file.sizeBytes)
            defer { offset = end }
            return file.bytes(offset..<end)
        }
        try file.check()
        return digest
    }
}
