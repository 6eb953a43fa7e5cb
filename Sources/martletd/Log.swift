import AgentProtocol
import CPlatform

/// One-line messages on standard error, of fixed text in which only numbers and ids vary.
enum Log {
    @inline(never)
    static func note(_ text: StaticString) {
        var line = TextLine("martletd: ")
        line.append(text)
        line.append("\n")
        line.printError()
    }

    @inline(never)
    static func note(_ text: StaticString, _ value: Int) {
        var line = TextLine("martletd: ")
        line.append(text)
        line.append(" ")
        line.append(value)
        line.append("\n")
        line.printError()
    }

    @inline(never)
    static func note(_ text: TextLine) {
        var line = TextLine("martletd: ")
        line.append(text)
        line.append("\n")
        line.printError()
    }

    /// What went wrong, where the program goes on all the same.
    @inline(never)
    static func note(_ error: AgentError) {
        var line = TextLine("martletd: ")
        line.append(error.line)
        line.printError()
    }

    @inline(never)
    static func note(_ text: StaticString, id: [UInt8]) {
        var line = TextLine("martletd: ")
        line.append(text)
        line.append(" ")
        line.append(hexadecimal: id)
        line.append("\n")
        line.printError()
    }
}

extension TextLine {
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
