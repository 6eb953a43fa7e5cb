/// Reads the preamble and the dictionary of a .npy header: a strict subset of Python literals.
///
/// Strings in either quote without escapes, `True` and `False`, tuples of decimal integers,
/// spaces between tokens, one optional comma before a closing bracket. Nothing nests, so the work
/// is linear in the header's size and the depth is constant.
struct NumpyHeaderParser {
    /// The three values of a complete header.
    struct Fields {
        let type: NumpyType
        let shape: [Int]
    }

    /// The offset of the first element, in bytes from the start of the file.
    let dataOffset: Int
    private let bytes: [UInt8]
    private var position: Int

    /// Checks the preamble of the file that begins with `bytes`.
    init(_ bytes: [UInt8]) throws(NumpyError) {
        let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
        guard bytes.starts(with: magic.prefix(bytes.count)) else { throw .notNumpy }
        guard bytes.count >= 8 else {
            throw .truncatedHeader(sizeBytes: bytes.count, neededBytes: 8)
        }
        guard bytes[6] == 1 || bytes[6] == 2, bytes[7] == 0 else {
            throw .unsupportedVersion(major: bytes[6], minor: bytes[7])
        }
        let preamble = bytes[6] == 1 ? 10 : NumpyLimits.preambleSizeBytesMax
        guard bytes.count >= preamble else {
            throw .truncatedHeader(sizeBytes: bytes.count, neededBytes: preamble)
        }
        var size: UInt64 = 0
        for index in (8..<preamble).reversed() { size = size << 8 | UInt64(bytes[index]) }
        size += UInt64(preamble)
        guard size <= UInt64(NumpyLimits.headerSizeBytesMax) else {
            throw .headerTooLong(sizeBytes: size, limitBytes: NumpyLimits.headerSizeBytesMax)
        }
        // Exact: the guard above bounds the value by an `Int` constant.
        dataOffset = Int(size)
        guard bytes.count >= dataOffset else {
            throw .truncatedHeader(sizeBytes: bytes.count, neededBytes: dataOffset)
        }
        self.bytes = bytes
        position = preamble
    }

    /// Reads the dictionary to the end of the header.
    mutating func parse() throws(NumpyError) -> Fields {
        var type: NumpyType?
        var shape: [Int]?
        var hasOrder = false
        try expect(UInt8(ascii: "{"))
        while !take(UInt8(ascii: "}")) {
            let keyOffset = position
            let key = try string()
            try expect(UInt8(ascii: ":"))
            if matches(key, "descr"), type == nil {
                type = try elementType()
            } else if matches(key, "fortran_order"), !hasOrder {
                try expectRowMajor()
                hasOrder = true
            } else if matches(key, "shape"), shape == nil {
                shape = try tuple()
            } else {
                throw .unexpectedKey(offset: keyOffset)
            }
            if !take(UInt8(ascii: ",")) {
                try expect(UInt8(ascii: "}"))
                break
            }
        }
        try expectPadding()
        guard let type, let shape, hasOrder else { throw .missingKey }
        return Fields(type: type, shape: shape)
    }

    // MARK: Values

    private mutating func elementType() throws(NumpyError) -> NumpyType {
        skipSpaces()
        let offset = position
        guard offset < dataOffset,
            bytes[offset] == UInt8(ascii: "'") || bytes[offset] == UInt8(ascii: "\"")
        else { throw .unsupportedType(offset: offset) }
        let text = try string()
        for candidate in NumpyType.all where matches(text, candidate.descriptor) {
            return candidate
        }
        throw .unsupportedType(offset: offset)
    }

    private mutating func expectRowMajor() throws(NumpyError) {
        skipSpaces()
        let offset = position
        if takeWord("False") { return }
        guard takeWord("True") else { throw .malformedHeader(offset: offset) }
        throw .fortranOrder(offset: offset)
    }

    private mutating func tuple() throws(NumpyError) -> [Int] {
        var extents: [Int] = []
        var separated = true
        try expect(UInt8(ascii: "("))
        while !take(UInt8(ascii: ")")) {
            guard separated else { throw .malformedHeader(offset: position) }
            guard extents.count < NumpyLimits.rankMax else {
                throw .rankTooLarge(rank: extents.count + 1)
            }
            extents.append(try integer())
            separated = take(UInt8(ascii: ","))
            // `(3)` is a number in Python, not a tuple.
            guard separated || extents.count > 1 else { throw .malformedHeader(offset: position) }
        }
        return extents
    }

    private mutating func integer() throws(NumpyError) -> Int {
        skipSpaces()
        let start = position
        var value = 0
        while position < dataOffset, (0x30...0x39).contains(bytes[position]) {
            let (tens, overflowTens) = value.multipliedReportingOverflow(by: 10)
            let digit = Int(bytes[position] - 0x30)
            let (sum, overflow) = tens.addingReportingOverflow(digit)
            guard !overflowTens, !overflow else { throw .arrayTooLarge }
            value = sum
            position += 1
        }
        guard position > start else { throw .malformedHeader(offset: start) }
        return value
    }

    /// The place of a quoted string's content.
    private mutating func string() throws(NumpyError) -> Range<Int> {
        skipSpaces()
        let start = position
        guard start < dataOffset,
            bytes[start] == UInt8(ascii: "'") || bytes[start] == UInt8(ascii: "\"")
        else { throw .malformedHeader(offset: start) }
        position += 1
        while position < dataOffset, bytes[position] != bytes[start] {
            guard bytes[position] != UInt8(ascii: "\\") else {
                throw .malformedHeader(offset: position)
            }
            position += 1
        }
        guard position < dataOffset else { throw .malformedHeader(offset: start) }
        position += 1
        return (start + 1)..<(position - 1)
    }

    // MARK: Tokens

    private mutating func skipSpaces() {
        while position < dataOffset, bytes[position] == UInt8(ascii: " ") { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpaces()
        guard position < dataOffset, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(NumpyError) {
        guard take(byte) else { throw .malformedHeader(offset: position) }
    }

    private mutating func takeWord(_ word: StaticString) -> Bool {
        let end = position + word.utf8CodeUnitCount
        guard end <= dataOffset, matches(position..<end, word) else { return false }
        position = end
        return true
    }

    private mutating func expectPadding() throws(NumpyError) {
        while position < dataOffset {
            let isPadding =
                bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\n")
            guard isPadding else { throw .malformedHeader(offset: position) }
            position += 1
        }
    }

    private func matches(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<range.count {
            // Safe: `index` is below the literal's own length.
            let expected = unsafe text.utf8Start[index]
            if bytes[range.lowerBound + index] != expected { return false }
        }
        return true
    }
}

extension NumpyType {
    static var all: [NumpyType] {
        [.bool, .int8, .uint8, .int16, .int32, .int64, .float32, .float64]
    }

    /// The type string of the format: byte order, kind, size.
    var descriptor: StaticString {
        switch self {
        case .bool: "|b1"
        case .int8: "|i1"
        case .uint8: "|u1"
        case .int16: "<i2"
        case .int32: "<i4"
        case .int64: "<i8"
        case .float32: "<f4"
        case .float64: "<f8"
        }
    }
}
