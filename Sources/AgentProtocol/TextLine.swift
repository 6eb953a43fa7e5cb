/// Text that the agent makes: bytes, because text handling that knows Unicode costs 50 KB here.
package struct TextLine {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    @inline(never)
    package init(_ text: StaticString) { append(text) }

    @inline(never)
    package mutating func append(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount {
            // Safe: `index` is below the literal's own length.
            unsafe bytes.append(text.utf8Start[index])
        }
    }

    @inline(never)
    package mutating func append(_ text: TextLine) { bytes += text.bytes }

    /// Adds foreign bytes; control characters, quotes and backslashes become `?`, so that neither
    /// a terminal nor a JSON reader can be misled.
    @inline(never)
    package mutating func append(visible text: [UInt8]) {
        for byte in text {
            let isPlain = byte >= 0x20 && byte != 0x7F && byte != 0x22 && byte != 0x5C
            bytes.append(isPlain ? byte : 0x3F)
        }
    }

    @inline(never)
    package mutating func append(_ value: UInt64) {
        var digits: [UInt8] = []
        var rest = value
        repeat {
            digits.append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes.append(contentsOf: digits.reversed())
    }

    @inline(never)
    package mutating func append(_ value: Int) {
        if value < 0 { bytes.append(0x2D) }
        append(UInt64(value.magnitude))
    }

    @inline(never)
    package mutating func append(hexadecimal value: [UInt8]) {
        for byte in value {
            for nibble in [byte >> 4, byte & 15] {
                bytes.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
            }
        }
    }
}
