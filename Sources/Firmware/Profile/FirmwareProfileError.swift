/// Why a text is not a firmware profile.
///
/// `path` names the key from the root, such as `partitions[2].size-bytes`.
public enum FirmwareProfileError: Error, Sendable, Hashable {
    /// The text is longer than the limit.
    case tooLong(sizeBytes: Int, limitBytes: Int)
    /// The text is not YAML; the detail is the parser's.
    case notYAML(detail: String)
    /// The text holds a YAML alias, which can make a small text very large.
    case aliasRefused(line: Int)
    /// The text is nested deeper than any profile.
    case tooDeep(line: Int)
    /// The key is not one of the schema's.
    case unknownKey(path: String, known: [String])
    /// The key looks like a secret, which no profile may hold.
    case secretKey(path: String)
    /// A key is missing.
    case missingKey(path: String)
    /// The value has another shape than the schema says.
    case wrongShape(path: String, expected: String, line: Int)
    /// A number is not in its range.
    case numberOutOfRange(path: String, value: String, minimum: Int64, maximum: Int64)
    /// A text is not one of the known words.
    case unknownWord(path: String, value: String, known: [String])
    /// A text breaks its rule.
    case malformedText(path: String, value: String, rule: String)
    /// A list or mapping is longer than the limit.
    case tooMany(path: String, count: Int, limit: Int)
}

extension FirmwareProfileError: CustomStringConvertible {
    /// What is wrong, where, and what is allowed.
    public var description: String {
        switch self {
        case .tooLong(let size, let limit):
            "the text has \(size) bytes, more than the \(limit) that are read"
        case .notYAML(let detail):
            "this is not YAML: \(detail)"
        case .aliasRefused(let line):
            "line \(line): '*' directly before a letter or digit is a YAML alias; "
                + "write the value out"
        case .tooDeep(let line):
            "line \(line): nested deeper than a profile is"
        case .unknownKey(let path, let known):
            "unknown key '\(path)'; known here: \(known.joined(separator: ", "))"
        case .secretKey(let path):
            "'\(path)' looks like a secret; a profile holds none: give it to the build by a file, "
                + "a descriptor or the environment"
        case .missingKey(let path):
            "the key '\(path)' is missing"
        case .wrongShape(let path, let expected, let line):
            "line \(line): '\(path)' must be \(expected)"
        case .numberOutOfRange(let path, let value, let minimum, let maximum):
            "'\(path)' is \(value); it must be \(minimum)...\(maximum)"
        case .unknownWord(let path, let value, let known):
            "'\(path)' is '\(value)'; it must be one of \(known.joined(separator: ", "))"
        case .malformedText(let path, let value, let rule):
            "'\(path)' is '\(value)'; it must be \(rule)"
        case .tooMany(let path, let count, let limit):
            "'\(path)' has \(count) entries, more than the \(limit) that are allowed"
        }
    }
}
