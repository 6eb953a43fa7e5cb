/// The lines `key SP value LF` of a configuration, one after the other.
///
/// Empty lines and lines that begin with `#` are passed over; one space, no white space at either
/// end of the value, no control characters; the last line has its end.
package struct ConfigurationLines {
    private let lines: [ArraySlice<UInt8>]
    /// Lines read so far.
    package private(set) var number = 0
    private var seen: [[UInt8]] = []

    package init(_ text: [UInt8], sizeMax: Int) throws(ConfigurationFault) {
        guard text.count <= sizeMax else {
            throw ConfigurationFault(what: "the text is too long", line: 0)
        }
        guard text.last ?? 0x0A == 0x0A else {
            let count = text.split(separator: 0x0A, omittingEmptySubsequences: false).count
            throw ConfigurationFault(what: "the last line has no end", line: count)
        }
        lines = text.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false)
    }

    /// The next key and its value; `nil` at the end.
    package mutating func next() throws(ConfigurationFault) -> (key: [UInt8], value: [UInt8])? {
        while number < lines.count {
            let text = [UInt8](lines[number])
            number += 1
            guard !text.isEmpty, text[0] != 0x23 else { continue }
            guard !text.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw refused("a line holds a control character")
            }
            guard let space = text.firstIndex(of: 0x20), space > 0, space + 1 < text.count,
                text[space + 1] != 0x20, text.last != 0x20
            else { throw refused("a line must be a key, one space and a value") }
            return ([UInt8](text[..<space]), [UInt8](text[(space + 1)...]))
        }
        return nil
    }

    /// Refuses a key that comes a second time.
    package mutating func takeOnce(_ key: [UInt8]) throws(ConfigurationFault) {
        guard !seen.contains(where: { $0 == key }) else { throw refused("a key is repeated") }
        seen.append(key)
    }

    /// A fault of the line that was read last.
    @inline(never)
    package func refused(_ what: StaticString) -> ConfigurationFault {
        ConfigurationFault(what: what, line: number)
    }

    /// A decimal number in its range.
    @inline(never)
    package func number(
        _ text: [UInt8],
        _ range: ClosedRange<UInt64>
    ) throws(ConfigurationFault) -> UInt64 {
        guard let value = Decimal.read(text[...]) else {
            throw refused("this is not a decimal number")
        }
        guard range.contains(value) else { throw refused("the number is out of its range") }
        return value
    }

    /// The words of a value, with one space between, as many as `counts` allows.
    @inline(never)
    package func words(
        _ value: [UInt8],
        _ counts: ClosedRange<Int>
    ) throws(ConfigurationFault) -> [[UInt8]] {
        var words: [[UInt8]] = []
        for word in value.split(separator: 0x20, omittingEmptySubsequences: false) {
            guard !word.isEmpty else { throw refused("words must have one space between them") }
            words.append([UInt8](word))
        }
        guard counts.contains(words.count) else {
            throw refused("the value has too few or too many words")
        }
        return words
    }

    @inline(never)
    package static func `is`(_ text: [UInt8], _ name: StaticString) -> Bool {
        text == TextLine(name).bytes
    }
}
