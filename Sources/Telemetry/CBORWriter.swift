// The deterministic subset of CBOR (RFC 8949, 4.2.1) that reports use: unsigned integers, byte
// strings, arrays and maps with ascending unsigned keys, all of definite length and in the shortest
// form. There is one byte string for one value, so hashes and signatures are stable.

/// Writes the deterministic subset of CBOR.
struct CBORWriter {
    private(set) var bytes: [UInt8] = []

    mutating func unsigned(_ value: UInt64) { head(major: 0, value) }
    mutating func byteString(_ content: [UInt8]) {
        head(major: 2, UInt64(content.count))
        bytes += content
    }
    mutating func array(count: Int) { head(major: 4, UInt64(count)) }
    mutating func map(count: Int) { head(major: 5, UInt64(count)) }

    private mutating func head(major: UInt8, _ value: UInt64) {
        let type = major << 5
        switch value {
        case 0..<24: bytes.append(type | UInt8(value))
        case 24...0xFF: append(type | 24, value, sizeBytes: 1)
        case 0x100...0xFFFF: append(type | 25, value, sizeBytes: 2)
        case 0x1_0000...0xFFFF_FFFF: append(type | 26, value, sizeBytes: 4)
        default: append(type | 27, value, sizeBytes: 8)
        }
    }

    /// CBOR integers are big-endian.
    private mutating func append(_ first: UInt8, _ value: UInt64, sizeBytes: Int) {
        bytes.append(first)
        for index in stride(from: sizeBytes - 1, through: 0, by: -1) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
        }
    }
}
