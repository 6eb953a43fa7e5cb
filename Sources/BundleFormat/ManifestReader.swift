/// Walks a manifest, or the text of another signed document, line by line.
///
/// A key is asked for by name; another key in its place is an error.
struct ManifestReader {
    private let bytes: [UInt8]
    private var offset = 0
    private var line = 0

    init(_ bytes: [UInt8], sizeMax: Int = Envelope.manifestSizeMax) throws(BundleError) {
        guard bytes.count <= sizeMax, bytes.last == 0x0A else {
            throw .manifestMalformed(line: 0)
        }
        self.bytes = bytes
    }

    /// The error for the line that was read last.
    var malformed: BundleError { .manifestMalformed(line: line) }

    /// The error for the line that would be read next.
    var malformedNext: BundleError { .manifestMalformed(line: line + 1) }

    mutating func header(_ type: StaticString = "eib-manifest/1") throws(BundleError) {
        guard try list(type, wordCount: 0) != nil else { throw malformed }
    }

    mutating func end() throws(BundleError) {
        line += 1
        guard offset == bytes.count else { throw malformed }
    }

    mutating func words(_ key: StaticString, count: Int) throws(BundleError) -> [[UInt8]] {
        guard let words = try list(key, wordCount: count) else {
            throw .manifestMalformed(line: line + 1)
        }
        return words
    }

    mutating func word(_ key: StaticString) throws(BundleError) -> [UInt8] {
        try words(key, count: 1)[0]
    }

    mutating func number(_ key: StaticString) throws(BundleError) -> UInt64 {
        guard let value = ManifestText.number(try word(key)) else { throw malformed }
        return value
    }

    mutating func number32(_ key: StaticString) throws(BundleError) -> UInt32 {
        guard let value = UInt32(exactly: try number(key)) else { throw malformed }
        return value
    }

    mutating func hash(_ key: StaticString) throws(BundleError) -> [UInt8] {
        guard let value = ManifestText.hash(try word(key)) else { throw malformed }
        return value
    }

    mutating func codec() throws(BundleError) -> PayloadCodec {
        let word = try word("codec")
        if word == [0x7A, 0x73, 0x74, 0x64] { return .zstd }
        if word == [0x6E, 0x6F, 0x6E, 0x65] { return .none }
        throw malformed
    }

    /// The words after `key` when it begins the next line; `nil`, and nothing read, when another
    /// key does.
    mutating func list(
        _ key: StaticString,
        wordCount: Int
    ) throws(BundleError) -> [[UInt8]]? {
        let line = nextLine()
        guard starts(line, with: key) else { return nil }
        advance(line)
        let rest = line.dropFirst(key.utf8CodeUnitCount)
        guard wordCount > 0 else {
            guard rest.isEmpty else { throw malformed }
            return []
        }
        let words = rest.dropFirst().split(separator: 0x20, omittingEmptySubsequences: false)
        guard words.count == wordCount else { throw malformed }
        return words.map { [UInt8]($0) }
    }

    /// The next line when it begins with `x-`.
    mutating func extensionLine() throws(BundleError) -> [UInt8]? {
        let line = nextLine()
        guard line.starts(with: [0x78, 0x2D]) else { return nil }
        advance(line)
        guard line.count <= ManifestLimits.extensionSizeMax else { throw malformed }
        for byte in line where !(0x20...0x7E).contains(byte) { throw malformed }
        return [UInt8](line)
    }

    private func nextLine() -> ArraySlice<UInt8> {
        let rest = bytes[offset...]
        return rest[..<(rest.firstIndex(of: 0x0A) ?? rest.endIndex)]
    }

    private mutating func advance(_ line: ArraySlice<UInt8>) {
        offset = min(line.endIndex + 1, bytes.count)
        self.line += 1
    }

    /// Whether the line is the key alone, or the key and a space.
    private func starts(_ line: ArraySlice<UInt8>, with key: StaticString) -> Bool {
        let count = key.utf8CodeUnitCount
        guard line.count >= count else { return false }
        let isEqual = key.withUTF8Buffer { key in
            unsafe line.prefix(count).elementsEqual(key)
        }
        return isEqual && (line.count == count || line[line.startIndex + count] == 0x20)
    }
}
