/// Little-endian numbers in bytes.
package struct RecordBytes {
    package var bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// The number of `size` bytes at an offset inside the bytes.
    package func number(_ offset: Int, size: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in (0..<size).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
        return value
    }

    package mutating func append(_ value: UInt64, size: Int) {
        for index in 0..<size {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
        }
    }

    package mutating func zeros(until offset: Int) {
        while bytes.count < offset { bytes.append(0) }
    }
}
