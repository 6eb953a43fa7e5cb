// The spool: a preallocated file in which reports wait for their acknowledgement.
//
//   0       superblock copy A, 4096 bytes      65536 + n*65536   segment n
//   4096    superblock copy B                  65536 ...
//   8192    zero to 65536
//
//   superblock   0 "MLTSPOOL" | 8 u32 version 1 | 12 u32 segment count | 16 u64 revision | 24 u64
//                tail serial | 32 u64 acknowledged epoch | 40 u64 acknowledged sequence | 48 u64
//                dropped | 56 u64 lost | 64 u32 CRC-32C of the 64 bytes before
//   segment      0 "MSEG" | 4 u32 CRC-32C of the serial | 8 u64 serial | 16 frames
//   frame        0 "MFRM" | 4 u32 body size | 8 u64 epoch | 16 u64 sequence | 24 hash of the frame
//                before, 16 bytes | 40 body | u32 CRC-32C over serial and frame | zero to 8 bytes
//
// Invariants:
// 1. A segment with serial s lies at place s mod segment count, so an old one is never taken for new.
// 2. A frame's checksum includes its segment's serial, so what an earlier use of the place left
//    behind is never a frame of this one.
// 3. Frames ascend by (epoch, sequence). A frame is live while it is beyond the acknowledged pair.
// 4. Superblocks are written to the older copy only, then synchronised; the one with the highest
//    revision and a right checksum counts.
// 5. A frame's bytes are written once, behind everything before it, then synchronised.
// 6. A segment is used again only after a superblock without it is durable.

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
    /// The 16 bytes for a frame.
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

/// Sizes of the spool's format.
public enum SpoolFormat {
    /// The size of a segment in bytes.
    public static let segmentSizeBytes = 65_536
    /// The size of a superblock copy in bytes.
    public static let superblockSizeBytes = 4_096
    static let segmentHeadSizeBytes = 16
    static let frameHeadSizeBytes = 40
    static let frameTailSizeBytes = 4
    /// The largest body: a frame never leaves its segment.
    public static let bodySizeMax = segmentSizeBytes - segmentHeadSizeBytes
        - frameHeadSizeBytes - frameTailSizeBytes
    static let segmentMagic: [UInt8] = [0x4D, 0x53, 0x45, 0x47]
    static let frameMagic: [UInt8] = [0x4D, 0x46, 0x52, 0x4D]

    static func frameSize(bodySizeBytes: Int) -> Int {
        (frameHeadSizeBytes + bodySizeBytes + frameTailSizeBytes + 7) & ~7
    }

    static func serialBytes(_ serial: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.u64(serial)
        return writer.bytes
    }
}
