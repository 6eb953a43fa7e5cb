import CBlock
import Glibc

/// An open file or block device with positional reads and writes.
///
/// A class because it owns a file descriptor, which it closes when the last user is gone.
final class OpenFile: Sendable {
    /// What can be flashed from or to.
    enum Kind: Sendable { case regular, blockDevice, other }

    /// What identifies a file's content as far as the system tells without reading it.
    struct Identity: Sendable, Hashable {
        let device: UInt64
        let inode: UInt64
        /// The number of a device file; 0 for others.
        let rawDevice: UInt64
        let sizeBytes: Int64
        let modifiedNanoseconds: Int64
        let changedNanoseconds: Int64
    }

    let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Opens a path; the error is `errno`.
    convenience init(path: String, flags: Int32, mode: mode_t = 0o644) throws(SystemCode) {
        let descriptor = open(path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemCode(errno) }
        self.init(descriptor: descriptor)
    }

    deinit { _ = Glibc.close(descriptor) }

    /// The kind and identity of the open file.
    func status() throws(SystemCode) -> (kind: Kind, identity: Identity) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemCode(errno) }
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFBLK: .blockDevice
            default: .other
            }
        let identity = Identity(
            device: UInt64(status.st_dev),
            inode: UInt64(status.st_ino),
            rawDevice: kind == .regular ? 0 : UInt64(status.st_rdev),
            sizeBytes: Int64(status.st_size),
            modifiedNanoseconds: Self.nanoseconds(status.st_mtim),
            changedNanoseconds: Self.nanoseconds(status.st_ctim)
        )
        return (kind, identity)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// Reads until the buffer is full or the file ends.
    ///
    /// - Returns: How many bytes were read.
    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: Int64
    ) throws(SystemCode) -> Int {
        try transferAll(buffer.count) { done, count in
            pread(descriptor, buffer.baseAddress.map { $0 + done }, count, off_t(offset) + done)
        }
    }

    /// Writes all of the bytes.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SystemCode) {
        let count = try transferAll(bytes.count) { done, count in
            pwrite(descriptor, bytes.baseAddress.map { $0 + done }, count, off_t(offset) + done)
        }
        guard count == bytes.count else { throw SystemCode(ENOSPC) }
    }

    /// Makes everything written durable.
    func synchronize() throws(SystemCode) {
        while fsync(descriptor) != 0 {
            guard errno == EINTR else { throw SystemCode(errno) }
        }
    }

    /// Takes the file's lock, or fails with `EWOULDBLOCK` when another process has it.
    func lock() throws(SystemCode) {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw SystemCode(errno) }
    }

    func resize(toBytes size: Int64) throws(SystemCode) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw SystemCode(errno) }
    }

    func seekEnd() -> Int64 { Int64(lseek(descriptor, 0, SEEK_END)) }
}

/// The system's `errno`, as an error.
struct SystemCode: Error, Hashable {
    let code: Int32
    init(_ code: Int32) { self.code = code }

    /// Throws what a call of `CBlock` returned, when it is a failure.
    static func check(_ status: Int32) throws(SystemCode) {
        if status < 0 { throw SystemCode(-status) }
    }
}

/// Repeats a transfer until all bytes moved or it moves none: calls may be short or interrupted.
///
/// - Parameters:
///   - count: How many bytes shall move.
///   - transfer: Moves up to the second number of bytes, after the first number of them; returns
///     how many it moved, or -1 with `errno` set.
/// - Returns: How many bytes moved: `count`, or fewer at the end of the file.
/// - Throws: The `errno` of a transfer that failed.
func transferAll(
    _ count: Int,
    _ transfer: (_ done: Int, _ count: Int) -> Int
) throws(SystemCode) -> Int {
    var done = 0
    while done < count {
        let moved = transfer(done, count - done)
        if moved < 0 {
            guard errno == EINTR else { throw SystemCode(errno) }
        } else if moved == 0 {
            break
        } else {
            done += moved
        }
    }
    return done
}

/// What Linux knows of block devices and sparse files.
extension OpenFile {
    /// The size of a block device in bytes.
    func blockDeviceSize() throws(SystemCode) -> Int64 {
        let size = block_device_size(descriptor)
        guard size >= 0 else { throw SystemCode(Int32(truncatingIfNeeded: -size)) }
        return size
    }

    /// Whether the device refuses writes, as a card with its tab down does.
    func blockDeviceIsReadOnly() throws(SystemCode) -> Bool {
        let status = block_device_is_read_only(descriptor)
        try SystemCode.check(status)
        return status != 0
    }

    func discardBlocks(_ range: Range<Int64>) throws(SystemCode) {
        try SystemCode.check(
            block_device_discard(descriptor, UInt64(range.lowerBound), UInt64(range.count))
        )
    }

    func zeroBlocks(_ range: Range<Int64>) throws(SystemCode) {
        try SystemCode.check(
            block_device_zero(descriptor, UInt64(range.lowerBound), UInt64(range.count))
        )
    }

    func punchHole(_ range: Range<Int64>) throws(SystemCode) {
        try SystemCode.check(
            file_punch_hole(descriptor, range.lowerBound, Int64(range.count))
        )
    }

    func dropBlockCaches() throws(SystemCode) {
        try SystemCode.check(block_device_drop_caches(descriptor))
    }

    func dropFileCaches() throws(SystemCode) {
        try SystemCode.check(file_drop_caches(descriptor))
    }

    func rereadTable() { _ = block_device_reread_table(descriptor) }

    /// Starts writing a range back; with `waits`, waits until it is written.
    func writeBack(_ range: Range<Int64>, waits: Bool) throws(SystemCode) {
        try SystemCode.check(
            file_write_back(descriptor, range.lowerBound, Int64(range.count), waits ? 1 : 0)
        )
    }

    /// The first byte at or after `offset` that may differ from zero; `nil` after the last one.
    ///
    /// - Throws: `EINVAL` where the file system cannot tell.
    func nextData(from offset: Int64) throws(SystemCode) -> Int64? {
        let found = file_next_data(descriptor, offset)
        if found == -Int64(ENXIO) { return nil }
        guard found >= 0 else { throw SystemCode(Int32(truncatingIfNeeded: -found)) }
        return found
    }

    /// The first byte after `offset` that lies in a hole, or the file's end.
    func nextHole(from offset: Int64) throws(SystemCode) -> Int64 {
        let found = file_next_hole(descriptor, offset)
        guard found >= 0 else { throw SystemCode(Int32(truncatingIfNeeded: -found)) }
        return found
    }

    /// The same open file again, read past the caches; `nil` where the file system cannot.
    func reopenedDirect() -> OpenFile? {
        let direct = file_open_direct("/proc/self/fd/\(descriptor)")
        return direct >= 0 ? OpenFile(descriptor: direct) : nil
    }
}
