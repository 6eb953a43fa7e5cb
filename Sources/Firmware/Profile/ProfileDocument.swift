import Yams

/// A profile's YAML text as a tree whose size is bounded by the text's.
///
/// Aliases are refused before the parser sees the text: it would expand them, and hash keys made
/// of them, in time that is exponential in the text's length.
struct ProfileDocument {
    let root: ProfileNode

    init(yaml: String) throws(FirmwareProfileError) {
        guard yaml.utf8.count <= FirmwareProfile.textSizeMax else {
            throw .tooLong(sizeBytes: yaml.utf8.count, limitBytes: FirmwareProfile.textSizeMax)
        }
        try Self.refuseAliases(yaml)
        try Self.refuseDepth(yaml)
        let node: Node?
        do {
            node = try Yams.compose(yaml: yaml)
        } catch {
            throw .notYAML(detail: String("\(error)".prefix(400)))
        }
        guard let node else { throw .notYAML(detail: "the text is empty") }
        root = ProfileNode(node: node, path: "")
    }

    /// An alias is `*` and a name of letters, digits, `-` and `_`; nothing else may look like one,
    /// in comments neither, so that no lexer can be deceived.
    private static func refuseAliases(_ yaml: String) throws(FirmwareProfileError) {
        var line = 1
        var afterStar = false
        for byte in yaml.utf8 {
            if afterStar, byte.isLetterOrDigit || byte == UInt8(ascii: "-") || byte == 0x5f {
                throw .aliasRefused(line: line)
            }
            afterStar = byte == UInt8(ascii: "*")
            if byte == 0x0a { line += 1 }
        }
    }

    /// A level costs a bracket, a `-`, a `?`, a `:` or an indentation; no line of a profile has
    /// more of them.
    private static func refuseDepth(_ yaml: String) throws(FirmwareProfileError) {
        var line = 1
        var open = 0
        var marks = 0
        var isIndented = true
        for byte in yaml.utf8 {
            switch byte {
            case 0x0a:
                line += 1
                marks = 0
                isIndented = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                open += 1
                isIndented = false
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                open -= 1
                isIndented = false
            case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: " "):
                if isIndented { marks += 1 }
            default: isIndented = false
            }
            guard open <= depthMax, marks <= indentationMax else { throw .tooDeep(line: line) }
        }
    }

    /// The open brackets at one place; a profile has 4.
    private static let depthMax = 32
    /// The blanks, `-` and `?` at the start of one line; a profile has 12.
    private static let indentationMax = 64
}

extension UInt8 {
    /// Whether it is an ASCII letter or digit.
    var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
