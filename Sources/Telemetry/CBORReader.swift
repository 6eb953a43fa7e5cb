/// Why bytes are not a report.
public enum ReportError: Error, Sendable, Equatable {
    /// The bytes end inside a value.
    case truncated(offsetBytes: Int)
    /// A value has another type than its place needs.
    case typeMismatch(offsetBytes: Int)
    /// A length or integer is not in its shortest form, or a key is out of order.
    case notDeterministic(offsetBytes: Int)
    /// A value or a count is beyond its limit.
    case outOfRange(offsetBytes: Int)
    /// Bytes follow the report.
    case trailingBytes(offsetBytes: Int)
    /// The report has a schema version that this reader does not know.
    case versionUnknown(UInt64)
}

/// Reads the deterministic subset of CBOR and nothing else.
struct CBORReader {
    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func unsigned(max: UInt64 = .max) throws(ReportError) -> UInt64 {
        let start = offset
        let value = try head(major: 0)
        guard value <= max else { throw .outOfRange(offsetBytes: start) }
        return value
    }

    mutating func byteString(sizes: ClosedRange<Int>) throws(ReportError) -> [UInt8] {
        let start = offset
        guard let count = Int(exactly: try head(major: 2)), sizes.contains(count) else {
            throw .outOfRange(offsetBytes: start)
        }
        guard count <= bytes.count - offset else { throw .truncated(offsetBytes: start) }
        defer { offset += count }
        return [UInt8](bytes[offset..<offset + count])
    }

    mutating func array(counts: ClosedRange<Int>) throws(ReportError) -> Int {
        try container(major: 4, counts: counts)
    }

    mutating func map(counts: ClosedRange<Int>) throws(ReportError) -> Int {
        try container(major: 5, counts: counts)
    }

    /// The next key of a map, which must be `expected`.
    mutating func key(_ expected: UInt64) throws(ReportError) {
        let start = offset
        guard try head(major: 0) == expected else { throw .notDeterministic(offsetBytes: start) }
    }

    func end() throws(ReportError) {
        guard offset == bytes.count else { throw .trailingBytes(offsetBytes: offset) }
    }

    private mutating func container(
        major: UInt8,
        counts: ClosedRange<Int>
    ) throws(ReportError) -> Int {
        let start = offset
        guard let count = Int(exactly: try head(major: major)), counts.contains(count) else {
            throw .outOfRange(offsetBytes: start)
        }
        return count
    }

    private mutating func head(major: UInt8) throws(ReportError) -> UInt64 {
        let start = offset
        guard start < bytes.count else { throw .truncated(offsetBytes: start) }
        let first = bytes[start]
        guard first >> 5 == major else { throw .typeMismatch(offsetBytes: start) }
        let short = first & 31
        offset += 1
        if short < 24 { return UInt64(short) }
        guard short <= 27 else { throw .notDeterministic(offsetBytes: start) }
        let size = 1 << Int(short - 24)
        guard size <= bytes.count - offset else { throw .truncated(offsetBytes: start) }
        var value: UInt64 = 0
        for byte in bytes[offset..<offset + size] { value = value << 8 | UInt64(byte) }
        offset += size
        let smallest: UInt64 = size == 1 ? 24 : 1 << UInt64(4 * size)
        guard value >= smallest else { throw .notDeterministic(offsetBytes: start) }
        return value
    }
}
