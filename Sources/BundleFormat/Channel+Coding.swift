extension Channel {
    /// Reads a channel's text.
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
        var reader = try ManifestReader(text, sizeMax: ChannelLimits.textSizeMax)
        try reader.header(DocumentKind.channel.typeLine)
        self.init()
        name = try reader.word("name")
        guard ManifestText.isName(name) else { throw reader.malformed }
        target = try reader.word("target")
        guard ManifestText.isName(target) else { throw reader.malformed }
        version = try reader.number("version")
        guard version > 0 else { throw reader.malformed }
        (created, notAfter) = try reader.lifetime()
        guard notAfter > 0 else { throw reader.malformed }
        let rollout = try reader.words("rollout", count: 2)
        guard let percent = ManifestText.number(rollout[0]), percent <= 100,
            let seed = ManifestText.number(rollout[1])
        else { throw reader.malformed }
        rolloutPercent = UInt32(percent)
        rolloutSeed = seed
        while let words = try reader.list("bundle", wordCount: 3) {
            let isInOrder = bundles.last.map { ManifestText.isOrdered($0.name, words[0]) } ?? true
            guard ManifestText.isName(words[0]), isInOrder,
                let counter = ManifestText.number(words[1]),
                let hash = ManifestText.hash(words[2]),
                bundles.count < ChannelLimits.bundleCountMax
            else { throw reader.malformed }
            bundles.append(ChannelEntry(name: words[0], counter: counter, manifestHash: hash))
        }
        guard !bundles.isEmpty else { throw reader.malformedNext }
        extensions = try reader.extensions()
        try reader.end()
        guard encoded() == text else { throw .manifestMalformed(line: 0) }
    }

    /// The channel's text, one byte string for one channel.
    public func encoded() -> [UInt8] {
        var lines = ManifestLines()
        lines.add(DocumentKind.channel.typeLine, [])
        lines.add("name", [name])
        lines.add("target", [target])
        lines.add("version", [ManifestText.decimal(version)])
        lines.add("created", [ManifestText.decimal(created)])
        lines.add("not-after", [ManifestText.decimal(notAfter)])
        let percent = ManifestText.decimal(UInt64(rolloutPercent))
        lines.add("rollout", [percent, ManifestText.decimal(rolloutSeed)])
        for entry in bundles {
            let counter = ManifestText.decimal(entry.counter)
            lines.add("bundle", [entry.name, counter, ManifestText.hex(entry.manifestHash)])
        }
        for line in extensions { lines.add(line) }
        return lines.bytes
    }
}
