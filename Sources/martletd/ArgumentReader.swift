import AgentProtocol
import CPlatform

/// The words of the command line, taken one after the other.
///
/// Options are `--name VALUE`; a verb knows its own options and refuses every other word.
struct ArgumentReader {
    private let words: [[UInt8]]
    private var next = 0
    /// The last part of the program's name; empty when it is unknown.
    let programName: [UInt8]

    /// Words of a command line, without the program's name.
    init(words: [[UInt8]], program: [UInt8] = []) {
        self.words = words
        programName = program.split(separator: 0x2F).last.map { [UInt8]($0) } ?? []
    }

    /// The words that this process was started with.
    static func ofProcess() -> ArgumentReader {
        var words: [[UInt8]] = []
        for index in 1..<max(1, platform_argument_count()) {
            words.append(word(index))
        }
        return ArgumentReader(words: words, program: word(0))
    }

    private static func word(_ index: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        // Safe: the system ends every argument with NUL, where the walk stops.
        guard let start = unsafe platform_argument(index) else { return bytes }
        var offset = 0
        while unsafe start[offset] != 0 {
            unsafe bytes.append(start[offset])
            offset += 1
        }
        return bytes
    }

    /// The next word, or `nil` at the end.
    mutating func word() -> [UInt8]? {
        guard next < words.count else { return nil }
        next += 1
        return words[next - 1]
    }

    /// Takes the next word if it is `expected`.
    @inline(never)
    mutating func take(_ expected: StaticString) -> Bool {
        guard next < words.count, words[next] == TextLine(expected).bytes else { return false }
        next += 1
        return true
    }

    /// The value after an option that was just taken.
    @inline(never)
    mutating func value(of option: StaticString) throws(AgentError) -> [UInt8] {
        guard let value = word() else {
            throw .usage("an option lacks its value", argument: TextLine(option).bytes)
        }
        return value
    }

    /// The file name after an option that was just taken.
    @inline(never)
    mutating func path(of option: StaticString) throws(AgentError) -> Path {
        guard let path = Path(try value(of: option)) else {
            throw .usage("this is not a file name", argument: TextLine(option).bytes)
        }
        return path
    }

    /// Refuses what is left.
    mutating func finish() throws(AgentError) {
        if let word = word() { throw .usage("unknown word or option", argument: word) }
    }
}
