// The spool: a preallocated file in which reports wait for their acknowledgement.
//
//   0       superblock copy A, 4096 bytes      65536 + n*65536   segment n
//   4096    superblock copy B                  ...
//   8192    unused to 65536
//
//   superblock   0 "MLTSPOOL" | 8 u32 version 1 | 12 u32 segment count | 16 u32 segment size
//                | 20 u32 zero | 24 u64 revision | 32 u64 tail serial | 40 u64 released number
//                | 48 hash of the released frame, 16 bytes | 64 u64 acknowledged epoch | 72 u64
//                acknowledged sequence | 80 u64 dropped | 88 u64 lost | 96 u32 CRC-32C | zero
//   segment      0 "MSEG" | 4 u32 CRC-32C of the serial | 8 u64 serial | 16 frames
//   frame        0 "MFRM" | 4 u32 body size | 8 u64 epoch | 16 u64 sequence | 24 u64 number
//                | 32 hash of the frame before, 16 bytes | 48 body | u32 CRC-32C | zero to 8 bytes
//
// A frame's number counts all frames ever appended, from 1. Frames up to the released number were
// acknowledged or dropped; the others are live. A frame's CRC-32C is over its segment's serial (8
// bytes) and then the frame up to the CRC; in a batch the serial is 0.
//
// Invariants:
// 1. A segment with serial s lies at place s mod segment count; serials begin with 1.
// 2. A frame's checksum includes its segment's serial, so what an earlier use of the place left
//    behind is never a frame of this one.
// 3. Frames ascend by number and by (epoch, sequence). A number without a frame is a loss.
// 4. Superblocks are written to the older copy only, then synchronised; the one with the highest
//    revision and a right checksum counts.
// 5. A frame's bytes are written once, behind everything before it, then synchronised.
// 6. A segment is used again only after a superblock without it is durable.
//
// Assumed of the storage: a write changes no byte outside its range, not even when power fails
// (what SQLite calls powersafe overwrite). What arrives of a write is any of its 512-byte sectors.

/// Sizes of the spool's format.
public enum SpoolFormat {
    /// The size of a segment in bytes.
    public static let segmentSizeBytes = 65_536
    /// The size of a superblock copy in bytes.
    public static let superblockSizeBytes = 4_096
    /// The largest body: a frame never leaves its segment.
    public static let bodySizeMax = bodySizeMax(segmentSizeBytes: segmentSizeBytes)
    static let segmentHeadSizeBytes = 16
    static let frameHeadSizeBytes = 48
    static let frameTailSizeBytes = 4
    static let hashSizeBytes = 16
    /// Serials and numbers end here, so that counting on never overflows.
    static let counterMax: UInt64 = 1 << 62
    static let segmentMagic: [UInt8] = [0x4D, 0x53, 0x45, 0x47]
    /// "MFRM", read as a little-endian number.
    static let frameMagic: UInt32 = 0x4D52_464D

    static func bodySizeMax(segmentSizeBytes: Int) -> Int {
        segmentSizeBytes - segmentHeadSizeBytes - frameHeadSizeBytes - frameTailSizeBytes
    }

    /// The size of a frame with its padding.
    public static func frameSize(bodySizeBytes: Int) -> Int {
        (frameHeadSizeBytes + bodySizeBytes + frameTailSizeBytes + 7) & ~7
    }

    static func serialBytes(_ serial: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.u64(serial)
        return writer.bytes
    }

    static func segmentHead(_ serial: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(segmentMagic)
        writer.u32(CRC32C.checksum(serialBytes(serial)[...]))
        writer.u64(serial)
        return writer.bytes
    }

    /// The serial that a segment's head names; `nil` when it is damaged or was never written.
    static func serial(ofHead head: [UInt8]) -> UInt64? {
        guard head.count == segmentHeadSizeBytes else { return nil }
        let serial = ByteReader(head).u64(8)
        guard (1..<counterMax).contains(serial), head == segmentHead(serial) else { return nil }
        return serial
    }
}
