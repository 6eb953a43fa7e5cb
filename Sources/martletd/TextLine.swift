import CPlatform

/// Text that the agent makes: bytes, because text handling that knows Unicode costs 50 KB here.
struct TextLine {
    private(set) var bytes: [UInt8] = []

    init() {}

    init(_ text: StaticString) { append(text) }

    mutating func append(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount {
            // Safe: `index` is below the literal's own length.
            unsafe bytes.append(text.utf8Start[index])
        }
    }

    /// Adds foreign bytes; control characters, quotes and backslashes become `?`, so that neither
    /// a terminal nor a JSON reader can be misled.
    mutating func append(visible text: [UInt8]) {
        for byte in text {
            let isPlain = byte >= 0x20 && byte != 0x7F && byte != 0x22 && byte != 0x5C
            bytes.append(isPlain ? byte : 0x3F)
        }
    }

    mutating func append(_ value: UInt64) {
        var digits: [UInt8] = []
        var rest = value
        repeat {
            digits.append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes.append(contentsOf: digits.reversed())
    }

    mutating func append(_ value: Int) {
        if value < 0 { bytes.append(0x2D) }
        append(UInt64(value.magnitude))
    }

    mutating func append(hexadecimal value: [UInt8]) {
        for byte in value {
            for nibble in [byte >> 4, byte & 15] {
                bytes.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
            }
        }
    }

    /// Prints to standard output; false when it is full or closed.
    func print() -> Bool {
        // Safe: the pointer and the count are the array's.
        unsafe platform_print(bytes, bytes.count) >= 0
    }

    /// Prints to standard error; nobody can be told when that fails.
    func printError() {
        // Safe: the pointer and the count are the array's.
        _ = unsafe platform_print_error(bytes, bytes.count)
    }
}

/// One-line messages on standard error, of fixed text in which only numbers and ids vary.
enum Log {
    static func note(_ text: StaticString) {
        var line = TextLine("martletd: ")
        line.append(text)
        line.append("\n")
        line.printError()
    }

    static func note(_ text: StaticString, _ value: Int) {
        var line = TextLine("martletd: ")
        line.append(text)
        line.append(" ")
        line.append(value)
        line.append("\n")
        line.printError()
    }

    static func note(_ text: StaticString, id: [UInt8]) {
        var line = TextLine("martletd: ")
        line.append(text)
        line.append(" ")
        line.append(hexadecimal: id)
        line.append("\n")
        line.printError()
    }
}
