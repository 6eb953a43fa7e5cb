// Little-endian integers in byte arrays. An offset outside traps; it never reads elsewhere.

/// Reads little-endian integers at offsets that were checked against the bytes' count.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }
    /// Reads a part of an array; offsets count from the part's beginning.
    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    func u8(_ offset: Int) -> UInt8 { bytes[bytes.startIndex + offset] }
    func u16(_ offset: Int) -> UInt16 { UInt16(u8(offset)) | UInt16(u8(offset + 1)) << 8 }
    func u32(_ offset: Int) -> UInt32 { UInt32(u16(offset)) | UInt32(u16(offset + 2)) << 16 }
    func u64(_ offset: Int) -> UInt64 { UInt64(u32(offset)) | UInt64(u32(offset + 4)) << 32 }
    func slice(_ offset: Int, count: Int) -> ArraySlice<UInt8> {
        let start = bytes.startIndex + offset
        return bytes[start..<start + count]
    }
    func bytes(_ offset: Int, count: Int) -> [UInt8] { [UInt8](slice(offset, count: count)) }
    func isZero(from offset: Int, to end: Int) -> Bool {
        !slice(offset, count: end - offset).contains { $0 != 0 }
    }
}

/// Appends little-endian integers to a byte array.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    mutating func append(_ more: [UInt8]) { bytes += more }
    mutating func u8(_ value: UInt8) { bytes.append(value) }
    mutating func u16(_ value: UInt16) {
        u8(UInt8(truncatingIfNeeded: value))
        u8(UInt8(truncatingIfNeeded: value >> 8))
    }
    mutating func u32(_ value: UInt32) {
        u16(UInt16(truncatingIfNeeded: value))
        u16(UInt16(truncatingIfNeeded: value >> 16))
    }
    mutating func u64(_ value: UInt64) {
        u32(UInt32(truncatingIfNeeded: value))
        u32(UInt32(truncatingIfNeeded: value >> 32))
    }
    /// Appends zeros until the array has `count` bytes.
    mutating func zeros(until count: Int) {
        precondition(count >= bytes.count)
        bytes += [UInt8](repeating: 0, count: count - bytes.count)
    }
}
