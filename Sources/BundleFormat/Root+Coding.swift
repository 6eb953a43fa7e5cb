extension Root {
    /// Reads a root's text.
    ///
    /// - Throws: `TrustError.textMalformed` with the line, counted from 1, that breaks a rule.
    public init(decoding text: [UInt8]) throws(TrustError) {
        do throws(BundleError) {
            try self.init(lines: text)
        } catch {
            throw TrustError(error)
        }
    }

    private init(lines text: [UInt8]) throws(BundleError) {
        var reader = try ManifestReader(text, sizeMax: RootLimits.textSizeMax)
        try reader.header(DocumentKind.root.typeLine)
        let version = try reader.number("version")
        guard version > 0 else { throw reader.malformed }
        let (created, notAfter) = try reader.lifetime()
        var seen: [RootKey] = []
        guard let root = try Root.role("role root", from: &reader, seen: &seen),
            let release = try Root.role("role release", from: &reader, seen: &seen)
        else { throw reader.malformedNext }
        self.init(root: root, release: release)
        self.version = version
        self.created = created
        self.notAfter = notAfter
        channel = try Root.role("role channel", from: &reader, seen: &seen)
        delta = try Root.role("role delta", from: &reader, seen: &seen)
        try decodeRevocations(from: &reader, roles: seen)
        extensions = try reader.extensions()
        try reader.end()
        guard encoded() == text else { throw .manifestMalformed(line: 0) }
    }

    /// A role's block; `nil`, and nothing read, when the next line does not begin it.
    private static func role(
        _ head: StaticString,
        from reader: inout ManifestReader,
        seen: inout [RootKey]
    ) throws(BundleError) -> RootRole? {
        guard let words = try reader.list(head, wordCount: 1) else { return nil }
        guard let value = ManifestText.number(words[0]), let threshold = Int(exactly: value),
            (1...RootLimits.keyCountMax).contains(threshold)
        else { throw reader.malformed }
        var keys: [RootKey] = []
        while let words = try reader.list("key", wordCount: 2) {
            guard let key = ManifestText.hash(words[0]).flatMap({ PublicKey($0) }),
                key.isCanonical, ManifestText.isName(words[1]),
                keys.count < RootLimits.keyCountMax
            else { throw reader.malformed }
            let isInOrder = keys.last.map { ManifestText.isOrdered($0.key.bytes, key.bytes) }
            let isRepeated = seen.contains { $0.key == key || $0.name == words[1] }
            guard isInOrder ?? true, !isRepeated else { throw reader.malformed }
            keys.append(RootKey(key: key, name: words[1]))
            seen.append(RootKey(key: key, name: words[1]))
        }
        // The line after the keys is where the one that is missing would stand.
        guard threshold <= keys.count else { throw reader.malformedNext }
        return RootRole(threshold: threshold, keys: keys)
    }

    private mutating func decodeRevocations(
        from reader: inout ManifestReader,
        roles: [RootKey]
    ) throws(BundleError) {
        while let words = try reader.list("revoked-key", wordCount: 1) {
            guard let key = ManifestText.hash(words[0]).flatMap({ PublicKey($0) }),
                revokedKeys.last.map({ ManifestText.isOrdered($0.bytes, key.bytes) }) ?? true,
                !roles.contains(where: { $0.key == key }),
                revokedKeys.count < RootLimits.revokedKeyCountMax
            else { throw reader.malformed }
            revokedKeys.append(key)
        }
        while let words = try reader.list("revoked-content", wordCount: 1) {
            guard let hash = ManifestText.hash(words[0]),
                revokedContents.last.map({ ManifestText.isOrdered($0, hash) }) ?? true,
                revokedContents.count < RootLimits.revokedContentCountMax
            else { throw reader.malformed }
            revokedContents.append(hash)
        }
    }

    /// The root's text, one byte string for one root.
    public func encoded() -> [UInt8] {
        var lines = ManifestLines()
        lines.add(DocumentKind.root.typeLine, [])
        lines.add("version", [ManifestText.decimal(version)])
        lines.add("created", [ManifestText.decimal(created)])
        lines.add("not-after", [ManifestText.decimal(notAfter)])
        encode(root, "role root", into: &lines)
        encode(release, "role release", into: &lines)
        encode(channel, "role channel", into: &lines)
        encode(delta, "role delta", into: &lines)
        for key in revokedKeys { lines.add("revoked-key", [ManifestText.hex(key.bytes)]) }
        for hash in revokedContents { lines.add("revoked-content", [ManifestText.hex(hash)]) }
        for line in extensions { lines.add(line) }
        return lines.bytes
    }

    private func encode(
        _ role: RootRole?,
        _ head: StaticString,
        into lines: inout ManifestLines
    ) {
        guard let role else { return }
        lines.add(head, [ManifestText.decimal(UInt64(role.threshold))])
        for entry in role.keys {
            lines.add("key", [ManifestText.hex(entry.key.bytes), entry.name])
        }
    }
}
