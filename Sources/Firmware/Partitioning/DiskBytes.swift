/// Bytes and where on the disk they go.
public struct DiskSegment: Sendable, Hashable {
    /// The first byte on the disk.
    public let offsetBytes: Int64
    /// The content.
    public let bytes: [UInt8]
}

/// A disk or an image that can be read at any place.
public protocol ReadableDisk {
    /// The size in bytes.
    var sizeBytes: Int64 { get }
    /// Reads exactly `count` bytes from `offset`.
    func read(at offset: Int64, count: Int) throws -> [UInt8]
}

extension [UInt8] {
    /// Appends a number's lowest `count` bytes, little endian.
    mutating func append(littleEndian value: UInt64, count: Int) {
        for index in 0..<count { append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
    }

    /// The number of `count` bytes at an offset, little endian.
    ///
    /// - Precondition: The bytes are there; callers have fixed sizes.
    func littleEndian(at offset: Int, count: Int) -> UInt64 {
        self[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
