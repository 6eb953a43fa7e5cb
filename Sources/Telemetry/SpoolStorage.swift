/// Where reports are kept: a file of fixed size, or its model in a test.
public protocol SpoolStorage {
    /// The size of the storage in bytes; it does not change.
    var sizeBytes: UInt64 { get }
    /// Reads `count` bytes.
    ///
    /// - Throws: `SpoolError.storageFailed`.
    mutating func read(at offset: UInt64, count: Int) throws(SpoolError) -> [UInt8]
    /// Writes bytes, not yet durably.
    ///
    /// - Throws: `SpoolError.storageFailed`.
    mutating func write(_ bytes: [UInt8], at offset: UInt64) throws(SpoolError)
    /// Makes all writes durable.
    ///
    /// - Throws: `SpoolError.storageFailed`.
    mutating func synchronize() throws(SpoolError)
}

/// Makes the hash by which frames are chained: the first 16 bytes of BLAKE2b-256 on devices.
public protocol FrameHasher {
    /// The 16 bytes for a frame, which is coded with serial 0.
    static func hash(_ frame: [UInt8]) -> [UInt8]
}

/// Why the spool cannot do what was asked.
public enum SpoolError: Error, Sendable, Equatable {
    /// The storage failed with an error number of the system.
    case storageFailed(code: Int32, offsetBytes: UInt64)
    /// The storage has room for fewer than two segments.
    case storageTooSmall(sizeBytes: UInt64, neededBytes: UInt64)
    /// A report is too large for a segment.
    case frameTooLarge(sizeBytes: Int, limitBytes: Int)
    /// A frame does not come after the newest one.
    case outOfOrder(epoch: UInt64, sequence: UInt64)
}

/// The place of a frame in the order of all frames of a device.
public struct FramePosition: Sendable, Equatable, Comparable {
    /// The boot, counted from 1.
    public var epoch: UInt64
    /// The report of that boot, counted from 1.
    public var sequence: UInt64

    /// Makes a position.
    public init(epoch: UInt64, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Whether a frame was written before another.
    public static func < (first: FramePosition, second: FramePosition) -> Bool {
        first.epoch != second.epoch
            ? first.epoch < second.epoch : first.sequence < second.sequence
    }

    /// Before every frame.
    public static let start = FramePosition(epoch: 0, sequence: 0)
}
