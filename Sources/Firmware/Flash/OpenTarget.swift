import Glibc
import Synchronization

/// A block device or a regular file, opened for nobody else.
///
/// A device is opened with `O_EXCL`, which Linux refuses while it, or a partition of it, is mounted
/// or claimed; a file is locked. Writes go through the page cache in order, but never more than
/// `writeBackWindowBytes` of them are dirty: progress is progress of the medium. After `dropCaches`
/// reads use a descriptor that passes the caches by.
///
/// A class because it owns file descriptors and the position of the write-back.
public final class OpenTarget: BlockTarget {
    private struct State {
        var pending: [Range<Int64>] = []
        var current: Range<Int64> = 0..<0
        var direct: OpenFile?
        var file: OpenFile?
    }

    /// How many written bytes may wait for the medium.
    static let writeBackWindowBytes: Int64 = 64 << 20
    private static let writeBackStepBytes: Int64 = 8 << 20

    /// The path as it was given.
    public let path: String
    /// Whether the target is a block device.
    public let isBlockDevice: Bool
    /// The size in bytes.
    public let sizeBytes: Int64
    /// The most bytes that one call of `zero` takes.
    public let zeroStepBytes: Int64
    /// The number of the device (`st_rdev`); 0 for files.
    public let rawDevice: UInt64

    private let state: Mutex<State>

    /// Opens a target.
    ///
    /// - Parameters:
    ///   - path: A block device, a regular file, or a name where a file can be made.
    ///   - newFileSizeBytes: The size of a file that is new or empty.
    /// - Throws: `FlashError.readOnly`, `.busy`, `.notATarget` or `.openFailed`.
    public init(path: String, newFileSizeBytes: Int64) throws(FlashError) {
        let file: OpenFile
        do throws(SystemCode) {
            let (opened, isDevice) = try Self.open(path)
            file = opened
            isBlockDevice = isDevice
            var size = isDevice ? try file.blockDeviceSize() : file.seekEnd()
            if !isDevice, size == 0 {
                try file.resize(toBytes: newFileSizeBytes)
                size = newFileSizeBytes
            }
            sizeBytes = size
            rawDevice = try file.status().identity.rawDevice
        } catch {
            throw Self.openError(path, error.code)
        }
        self.path = path
        zeroStepBytes = isBlockDevice ? 16 << 20 : 1 << 40
        state = Mutex(State(file: file))
    }

    private static func open(_ path: String) throws(SystemCode) -> (OpenFile, isDevice: Bool) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            // A mistyped device name must not become a file in the memory of /dev.
            guard errno == ENOENT, !path.hasPrefix("/dev/") else { throw SystemCode(errno) }
            let file = try OpenFile(path: path, flags: O_RDWR | O_CREAT | O_EXCL)
            try file.lock()
            return (file, false)
        }
        let file: OpenFile
        switch status.st_mode & S_IFMT {
        case S_IFBLK:
            let look = try OpenFile(path: path, flags: O_RDONLY | O_NONBLOCK)
            if try look.blockDeviceIsReadOnly() { throw SystemCode(EROFS) }
            file = try OpenFile(path: path, flags: O_RDWR | O_EXCL)
        case S_IFREG:
            file = try OpenFile(path: path, flags: O_RDWR)
            try file.lock()
        default: throw SystemCode(ENOTBLK)
        }
        // What was looked at must be what was opened.
        let kind = try file.status().kind
        guard kind != .other else { throw SystemCode(ENOTBLK) }
        return (file, kind == .blockDevice)
    }

    private static func openError(_ path: String, _ code: Int32) -> FlashError {
        switch code {
        case EROFS: .readOnly(device: path)
        case EBUSY, EWOULDBLOCK: .busy(device: path)
        case ENOTBLK, EISDIR: .notATarget(path: path)
        default: .openFailed(path: path, code: code)
        }
    }

    /// Proves that the target is not the image itself.
    ///
    /// - Throws: `FlashError.targetIsImage`.
    public func checkIsNot(_ image: FlashImage) throws(FlashError) {
        guard let own = try? opened()?.status().identity, own.device == image.identity.device,
            own.inode == image.identity.inode
        else { return }
        throw .targetIsImage(path: path)
    }

    private func opened() -> OpenFile? { state.withLock { $0.file } }

    private func perform<Value>(
        _ operation: TargetFault.Operation,
        at offset: Int64,
        _ body: (OpenFile) throws(SystemCode) -> Value
    ) throws(TargetFault) -> Value {
        guard let file = opened() else {
            throw TargetFault(operation, offsetBytes: offset, code: EBADF)
        }
        do {
            return try body(file)
        } catch {
            throw TargetFault(operation, offsetBytes: offset, code: error.code)
        }
    }

    /// Writes through the caches, and waits while too much is dirty.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(TargetFault) {
        try perform(.write, at: offset) { file throws(SystemCode) in
            try file.write(bytes, at: offset)
            try writeBack(offset..<offset + Int64(bytes.count), of: file)
        }
    }

    /// Hands finished steps to the medium and waits for the oldest when the window is full.
    private func writeBack(_ range: Range<Int64>, of file: OpenFile) throws(SystemCode) {
        let (starts, waits) = state.withLock { state -> (Range<Int64>?, Range<Int64>?) in
            let continues = range.lowerBound == state.current.upperBound
            let joined = continues ? state.current.lowerBound..<range.upperBound : range
            var started: Range<Int64>?
            if !continues, !state.current.isEmpty { started = state.current }
            state.current = joined
            if started == nil, Int64(joined.count) >= Self.writeBackStepBytes {
                started = joined
                state.current = joined.upperBound..<joined.upperBound
            }
            if let started { state.pending.append(started) }
            let waiting = state.pending.reduce(0) { $0 + Int64($1.count) }
            let isFull = waiting > Self.writeBackWindowBytes || state.pending.count > 64
            return (started, isFull ? state.pending.removeFirst() : nil)
        }
        if let starts { try file.writeBack(starts, waits: false) }
        if let waits { try file.writeBack(waits, waits: true) }
    }

    /// Reads; past the caches once they were dropped.
    public func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: Int64
    ) throws(TargetFault) {
        let isAligned = offset % 4096 == 0 && buffer.count % 4096 == 0
        let direct = isAligned ? state.withLock { $0.direct } : nil
        try perform(.read, at: offset) { file throws(SystemCode) in
            let count = try (direct ?? file).read(into: buffer, at: offset)
            guard count == buffer.count else { throw SystemCode(ENXIO) }
        }
    }

    /// Lets the device or the file system make the range zero, or writes zeros.
    public func zero(_ range: Range<Int64>) throws(TargetFault) {
        try perform(.zero, at: range.lowerBound) { file throws(SystemCode) in
            do throws(SystemCode) {
                if isBlockDevice {
                    try file.zeroBlocks(range)
                } else {
                    try file.punchHole(range)
                }
            } catch  where [EOPNOTSUPP, EINVAL, ENOTTY].contains(error.code) {
                try writeZeros(range, to: file)
            }
        }
    }

    /// For media and file systems without a call for it, and for ranges inside of a sector.
    private func writeZeros(_ range: Range<Int64>, to file: OpenFile) throws(SystemCode) {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = Int(min(Int64(FlashPiece.sizeMax), range.upperBound - offset))
            try file.write(AlignedBuffer.zeros.bytes(count), at: offset)
            offset += Int64(count)
        }
    }

    /// Discards on a device; punches a hole in a file.
    public func discard(_ range: Range<Int64>) throws(TargetFault) {
        try perform(.discard, at: range.lowerBound) { file throws(SystemCode) in
            if isBlockDevice {
                try file.discardBlocks(range)
            } else {
                try file.punchHole(range)
            }
        }
    }

    /// Asks the file system of a file; of a device nothing is known.
    public func endOfKnownZeros(from offset: Int64) -> Int64 {
        guard !isBlockDevice, let file = opened() else { return offset }
        do throws(SystemCode) {
            return try file.nextData(from: offset) ?? sizeBytes
        } catch {
            return offset
        }
    }

    /// Waits until the medium has everything (`fsync`).
    public func flush() throws(TargetFault) {
        state.withLock {
            $0.pending = []
            $0.current = 0..<0
        }
        try perform(.flush, at: 0) { file throws(SystemCode) in try file.synchronize() }
    }

    /// Forgets cached pages, and reads with `O_DIRECT` from now on where that works.
    public func dropCaches() throws(TargetFault) {
        try perform(.dropCaches, at: 0) { file throws(SystemCode) in
            if isBlockDevice {
                try file.dropBlockCaches()
            } else {
                try file.dropFileCaches()
            }
            let direct = file.reopenedDirect()
            state.withLock { $0.direct = direct }
        }
    }

    /// Asks for the new partitions; refused while the old ones are in use.
    public func rereadTable() {
        if isBlockDevice { opened()?.rereadTable() }
    }

    /// Closes the target; every call fails afterwards.
    public func close() {
        state.withLock {
            $0.direct = nil
            $0.file = nil
        }
    }
}
