import Yams

/// One value of a profile's text, with its place.
struct ProfileNode {
    let node: Node
    /// The key from the root, such as `partitions[2].name`.
    let path: String

    private var line: Int { node.mark?.line ?? 0 }

    /// The values of a mapping whose keys are all in `known`.
    func mapping(_ known: [String]) throws(FirmwareProfileError) -> ProfileMapping {
        var values: [String: ProfileNode] = [:]
        for (key, value) in try entries() {
            guard known.contains(key) else {
                let unknown = child(key)
                if Self.looksSecret(key) { throw .secretKey(path: unknown) }
                throw .unknownKey(path: unknown, known: known)
            }
            values[key] = value
        }
        return ProfileMapping(path: path, values: values)
    }

    /// The keys and values of a mapping, in the text's order.
    func entries() throws(FirmwareProfileError) -> [(key: String, value: ProfileNode)] {
        guard case .mapping(let mapping) = node else {
            throw .wrongShape(path: shownPath, expected: "a mapping", line: line)
        }
        var entries: [(key: String, value: ProfileNode)] = []
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                throw .wrongShape(path: shownPath, expected: "a mapping with text keys", line: line)
            }
            let name = String(scalar.string.prefix(FirmwareProfile.nameSizeMax))
            entries.append((name, ProfileNode(node: value, path: child(name))))
        }
        return entries
    }

    /// The values of a list of at most `limit`.
    func list(limit: Int) throws(FirmwareProfileError) -> [ProfileNode] {
        guard case .sequence(let sequence) = node else {
            throw .wrongShape(path: shownPath, expected: "a list", line: line)
        }
        guard sequence.count <= limit else {
            throw .tooMany(path: shownPath, count: sequence.count, limit: limit)
        }
        return sequence.enumerated().map { index, value in
            ProfileNode(node: value, path: "\(path)[\(index)]")
        }
    }

    /// A decimal number without sign, leading zeros or quotes.
    func number(_ range: ClosedRange<Int64>) throws(FirmwareProfileError) -> Int64 {
        guard case .scalar(let scalar) = node else {
            throw .wrongShape(path: shownPath, expected: "a whole number", line: line)
        }
        let text = scalar.string
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        let isCanonical = text == "0" || !text.hasPrefix("0")
        guard isNumber, isCanonical, scalar.style == .plain || scalar.style == .any else {
            throw .wrongShape(path: shownPath, expected: "a whole number", line: line)
        }
        guard let value = Int64(text), range.contains(value) else {
            throw .numberOutOfRange(
                path: shownPath,
                value: String(text.prefix(24)),
                minimum: range.lowerBound,
                maximum: range.upperBound
            )
        }
        return value
    }

    /// A text of 1 to `limit` bytes that follows a rule.
    func text(
        limit: Int,
        rule: String = "printable ASCII",
        where isAllowed: (String) -> Bool = { _ in true }
    ) throws(FirmwareProfileError) -> String {
        guard case .scalar(let scalar) = node else {
            throw .wrongShape(path: shownPath, expected: "a text", line: line)
        }
        let text = scalar.string
        let isPrintable = text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
        guard isPrintable, !text.isEmpty, text.utf8.count <= limit, isAllowed(text) else {
            throw .malformedText(
                path: shownPath,
                value: Self.shown(text),
                rule: "1 to \(limit) bytes: \(rule)"
            )
        }
        return text
    }

    /// One of a type's words.
    func word<Word: RawRepresentable & CaseIterable>(
        _ type: Word.Type = Word.self
    ) throws(FirmwareProfileError) -> Word where Word.RawValue == String {
        try word(of: Array(Word.allCases))
    }

    /// One of some words.
    func word<Word: RawRepresentable>(
        of words: [Word]
    ) throws(FirmwareProfileError) -> Word where Word.RawValue == String {
        guard case .scalar(let scalar) = node else {
            throw .wrongShape(path: shownPath, expected: "a word", line: line)
        }
        guard let word = words.first(where: { $0.rawValue == scalar.string }) else {
            throw .unknownWord(
                path: shownPath,
                value: Self.shown(scalar.string),
                known: words.map(\.rawValue)
            )
        }
        return word
    }

    /// Whether the value is this one word.
    func isWord(_ word: String) -> Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.string == word
    }

    private var shownPath: String { path.isEmpty ? "the profile" : path }

    private func child(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Evidence of bounded length without control characters.
    private static func shown(_ text: String) -> String {
        String(
            text.prefix(64).map { character in
                character.isASCII && !character.isNewline && character >= " " ? character : "?"
            }
        )
    }

    private static func looksSecret(_ key: String) -> Bool {
        let lower = key.lowercased()
        return ["token", "secret", "password", "passphrase", "private", "credential"].contains {
            lower.contains($0)
        }
    }
}

/// The values of a mapping by their keys.
struct ProfileMapping {
    let path: String
    let values: [String: ProfileNode]

    /// The value of a key that must be there.
    func required(_ key: String) throws(FirmwareProfileError) -> ProfileNode {
        guard let value = values[key] else {
            throw .missingKey(path: path.isEmpty ? key : "\(path).\(key)")
        }
        return value
    }

    /// The value of a key that may be absent.
    subscript(key: String) -> ProfileNode? { values[key] }
}
