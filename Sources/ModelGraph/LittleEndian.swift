/// Numbers in little-endian bytes; a rest that is no whole number is left out.
package enum LittleEndian {
    package static func float32s(_ bytes: [UInt8]) -> [Float] {
        elements(bytes, 4) { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) }
    }

    package static func float16s(_ bytes: [UInt8]) -> [Float] {
        elements(bytes, 2) { Float(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) }
    }

    package static func int16s(_ bytes: [UInt8]) -> [Int16] {
        elements(bytes, 2) { Int16(truncatingIfNeeded: $0) }
    }

    package static func int32s(_ bytes: [UInt8]) -> [Int32] {
        elements(bytes, 4) { Int32(truncatingIfNeeded: $0) }
    }

    package static func int64s(_ bytes: [UInt8]) -> [Int64] {
        elements(bytes, 8) { Int64(truncatingIfNeeded: $0) }
    }

    /// The bytes of some numbers.
    package static func bytes(_ values: [Float]) -> [UInt8] {
        values.flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        }
    }

    /// The lowest bytes of a number in two's complement.
    package static func lowBytes(of value: Int64, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * Int64($0))) }
    }

    private static func elements<Element>(
        _ bytes: [UInt8],
        _ size: Int,
        _ make: (UInt64) -> Element
    ) -> [Element] {
        var elements: [Element] = []
        elements.reserveCapacity(bytes.count / size)
        for start in stride(from: 0, through: bytes.count - size, by: size) {
            var word: UInt64 = 0
            for index in (0..<size).reversed() { word = word << 8 | UInt64(bytes[start + index]) }
            elements.append(make(word))
        }
        return elements
    }
}
