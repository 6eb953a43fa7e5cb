extension NumpyFile {
    /// The bytes that precede the elements of an array in a .npy file of version 1.0.
    ///
    /// Equal to what numpy 2 writes: the header ends on a multiple of 64 bytes, and spare spaces
    /// let the first dimension grow to 21 digits in place.
    ///
    /// - Parameters:
    ///   - type: the element type.
    ///   - shape: the extents, each at least 0, at most `NumpyLimits.rankMax` of them.
    /// - Returns: the header, magic bytes first.
    /// - Throws: `NumpyError` when the array is too large or the shape unusable.
    public static func header(type: NumpyType, shape: [Int]) throws(NumpyError) -> [UInt8] {
        _ = try sizeBytes(of: shape, type: type)
        var bytes: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 0, 0]
        append("{'descr': '", to: &bytes)
        append(type.descriptor, to: &bytes)
        append("', 'fortran_order': False, 'shape': (", to: &bytes)
        for (index, extent) in shape.enumerated() {
            if index > 0 { append(", ", to: &bytes) }
            appendDecimal(extent, to: &bytes)
        }
        append(shape.count == 1 ? ",), }" : "), }", to: &bytes)
        if let first = shape.first {
            appendSpaces(growthDigitCountMax - digitCount(first), to: &bytes)
        }
        // At least one space even on a boundary: numpy pads 64 more there.
        appendSpaces(alignment - (bytes.count + 1) % alignment, to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        let size = UInt16(bytes.count - 10)
        bytes[8] = UInt8(truncatingIfNeeded: size)
        bytes[9] = UInt8(truncatingIfNeeded: size >> 8)
        return bytes
    }

    /// The multiple of bytes at which elements begin.
    private static var alignment: Int { 64 }
    /// The digits that the first dimension may grow to.
    private static var growthDigitCountMax: Int { 21 }

    private static func append(_ text: StaticString, to bytes: inout [UInt8]) {
        for index in 0..<text.utf8CodeUnitCount {
            // Safe: `index` is below the literal's own length.
            unsafe bytes.append(text.utf8Start[index])
        }
    }

    private static func appendSpaces(_ count: Int, to bytes: inout [UInt8]) {
        for _ in 0..<count { bytes.append(UInt8(ascii: " ")) }
    }

    private static func appendDecimal(_ value: Int, to bytes: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digitCount(value) { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    private static func digitCount(_ value: Int) -> Int {
        var count = 1
        var rest = value / 10
        while rest > 0 {
            count += 1
            rest /= 10
        }
        return count
    }
}
