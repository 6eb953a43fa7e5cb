import Glibc

/// A file with holes: what was never written takes no room and reads as zeros.
///
/// A class, because it owns a descriptor, which `deinit` closes.
final class SparseFile {
    let path: String
    let sizeBytes: Int64
    private let descriptor: Int32

    /// Linux's numbers (uapi/linux/fs.h), which Glibc hides behind a feature macro.
    private static let seekData: Int32 = 3, seekHole: Int32 = 4
    /// Copies and comparisons move this much at a time.
    static let chunkSizeBytes: Int64 = 1 << 20

    /// Opens a file (or a disk) for reading.
    init(reading path: String) throws(ImageError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, code: errno) }
        self.path = path
        var information = stat()
        let end = lseek(descriptor, 0, SEEK_END)
        guard fstat(descriptor, &information) == 0, end >= 0,
            [S_IFREG, S_IFBLK].contains(information.st_mode & S_IFMT)
        else {
            sizeBytes = 0
            throw .wrongKind(path: path, expected: "a file")
        }
        sizeBytes = Int64(end)
    }

    /// Makes a file of holes, which must not exist.
    init(creating path: String, sizeBytes: Int64) throws(ImageError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        self.path = path
        self.sizeBytes = sizeBytes
        guard descriptor >= 0 else { throw Self.failure(path, errno) }
        guard ftruncate(descriptor, off_t(sizeBytes)) == 0 else { throw Self.failure(path, errno) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Reads bytes that must all be there.
    func read(at offset: Int64, count: Int) throws(ImageError) -> [UInt8] {
        guard offset >= 0, count >= 0, offset <= sizeBytes, Int64(count) <= sizeBytes - offset
        else { throw .imageRefused(detail: "\(count) bytes at \(offset) are beyond its end") }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(
                    descriptor,
                    $0.baseAddress.map { $0 + done },
                    count - done,
                    off_t(offset) + done
                )
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw .unreadable(path: path, code: got < 0 ? errno : 0) }
            done += got
        }
        return bytes
    }

    /// Writes bytes within the file's size.
    func write(_ bytes: [UInt8], at offset: Int64) throws(ImageError) {
        precondition(offset >= 0 && offset + Int64(bytes.count) <= sizeBytes, "inside the file")
        var done = 0
        while done < bytes.count {
            let got = bytes.withUnsafeBytes {
                pwrite(
                    descriptor,
                    $0.baseAddress.map { $0 + done },
                    bytes.count - done,
                    off_t(offset) + done
                )
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw Self.failure(path, got < 0 ? errno : ENOSPC) }
            done += got
        }
    }

    /// The next bytes that may hold something; `nil` when only holes follow.
    func dataRange(from offset: Int64, below limit: Int64) -> Range<Int64>? {
        guard offset < limit else { return nil }
        let start = lseek(descriptor, off_t(offset), Self.seekData)
        // A file system that knows no holes has data everywhere.
        guard start >= 0 else { return errno == ENXIO ? nil : offset..<limit }
        guard Int64(start) < limit else { return nil }
        let end = lseek(descriptor, start, Self.seekHole)
        return Int64(start)..<(end < 0 ? limit : min(limit, Int64(end)))
    }

    /// Bytes that take room on the disk.
    var allocatedBytes: Int64 {
        var information = stat()
        return fstat(descriptor, &information) == 0 ? Int64(information.st_blocks) * 512 : 0
    }

    /// Brings everything to the disk.
    func synchronize() throws(ImageError) {
        guard fsync(descriptor) == 0 else { throw Self.failure(path, errno) }
    }

    static func failure(_ path: String, _ code: Int32) -> ImageError {
        // EFBIG: the file system or a limit of the process allows no file of this size.
        [ENOSPC, EDQUOT, EFBIG].contains(code)
            ? .noSpace(path: path, neededBytes: nil) : .writeFailed(path: path, code: code)
    }
}
