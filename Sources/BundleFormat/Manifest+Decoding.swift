extension Manifest {
    /// Reads a manifest whose signature was checked before.
    ///
    /// - Throws: `BundleError.manifestMalformed` with the line, counted from 1, that breaks a
    ///   rule; line 0 when the text is not the one that encoding the manifest gives.
    public init(decoding bytes: [UInt8]) throws(BundleError) {
        var reader = try ManifestReader(bytes)
        try reader.header()
        self.init()
        try decodeIdentity(from: &reader)
        try decodeNeeds(from: &reader)
        try decodeContent(from: &reader)
        try decodeLists(from: &reader)
        guard encoded() == bytes else { throw .manifestMalformed(line: 0) }
    }

    private mutating func decodeIdentity(from reader: inout ManifestReader) throws(BundleError) {
        name = try reader.word("name")
        guard ManifestText.isName(name) else { throw reader.malformed }
        version = try reader.word("version")
        guard ManifestText.isText(version) else { throw reader.malformed }
        counter = try reader.number("counter")
        floor = try reader.number("floor")
        guard floor <= counter else { throw reader.malformed }
        created = try reader.number("created")
        notAfter = try reader.number("not-after")
        while let words = try reader.list("target", wordCount: 2) {
            let target = BundleTarget(architecture: words[0], tier: words[1])
            let isInOrder = targets.last.map { $0.precedes(target) } ?? true
            guard ManifestText.isName(words[0]), ManifestText.isName(words[1]), isInOrder,
                targets.count < ManifestLimits.targetCountMax
            else { throw reader.malformed }
            targets.append(target)
        }
        guard !targets.isEmpty else { throw reader.malformed }
    }

    private mutating func decodeNeeds(from reader: inout ManifestReader) throws(BundleError) {
        let revisions = try reader.words("hw-revision", count: 2)
        guard let low = ManifestText.number(revisions[0]).flatMap({ UInt32(exactly: $0) }),
            let high = ManifestText.number(revisions[1]).flatMap({ UInt32(exactly: $0) }),
            low <= high
        else { throw reader.malformed }
        hardwareRevisionMin = low
        hardwareRevisionMax = high
        runtimeAbi = try reader.number32("runtime-abi")
        while let words = try reader.list("operator", wordCount: 1) {
            let isInOrder = operators.last.map { ManifestText.isOrdered($0, words[0]) } ?? true
            guard ManifestText.isText(words[0]), isInOrder,
                operators.count < ManifestLimits.operatorCountMax
            else { throw reader.malformed }
            operators.append(words[0])
        }
        ramPeakBytes = try reader.number("ram-peak")
        arenaBytes = try reader.number("arena")
        latencyBudgetMicroseconds = try reader.number("latency-budget")
    }

    private mutating func decodeContent(from reader: inout ManifestReader) throws(BundleError) {
        imageSizeBytes = try reader.number("image-size")
        guard (1...ManifestLimits.imageSizeMax).contains(imageSizeBytes) else {
            throw reader.malformed
        }
        imageHash = try reader.hash("image-hash")
        codec = try reader.codec()
        chunkSizeBytes = try reader.number32("chunk-size")
        guard ManifestLimits.chunkSizes.contains(chunkSizeBytes) else { throw reader.malformed }
        tableSizeBytes = try reader.number("table-size")
        guard tableSizeBytes == UInt64(chunkCount) * UInt64(ChunkTable.rowSizeBytes) else {
            throw reader.malformed
        }
        tableHash = try reader.hash("table-hash")
        payloadSizeBytes = try reader.number("payload-size")
        guard (1...Tar.memberSizeMax).contains(payloadSizeBytes) else { throw reader.malformed }
        payloadHash = try reader.hash("payload-hash")
        selfTestCount = try reader.number32("selftest-count")
        selfTestHash = try reader.hash("selftest-hash")
    }

    private mutating func decodeLists(from reader: inout ManifestReader) throws(BundleError) {
        if let words = try reader.list("base", wordCount: 1) {
            guard let hash = ManifestText.hash(words[0]) else { throw reader.malformed }
            base = hash
        }
        while let words = try reader.list("file", wordCount: 3) {
            let isInOrder = files.last.map { ManifestText.isOrdered($0.name, words[0]) } ?? true
            guard ManifestText.isName(words[0]), isInOrder,
                let size = ManifestText.number(words[1]), size <= ManifestLimits.fileSizeMax,
                let hash = ManifestText.hash(words[2]), files.count < ManifestLimits.fileCountMax
            else { throw reader.malformed }
            files.append(BundleFile(name: words[0], sizeBytes: size, hash: hash))
        }
        while let line = try reader.extensionLine() {
            let isInOrder = extensions.last.map { ManifestText.isOrdered($0, line) } ?? true
            guard isInOrder, extensions.count < ManifestLimits.extensionCountMax else {
                throw reader.malformed
            }
            extensions.append(line)
        }
        try reader.end()
    }

    /// The number of chunks that image size and chunk size give.
    public var chunkCount: Int {
        guard chunkSizeBytes > 0 else { return 0 }
        let size = UInt64(chunkSizeBytes)
        // Below 2^32 / 2^14, so it fits `Int` on a 32-bit device.
        return Int((imageSizeBytes + size - 1) / size)
    }
}

extension BundleTarget {
    /// Whether this target's line comes before another's.
    func precedes(_ other: BundleTarget) -> Bool {
        ManifestText.isOrdered(
            architecture + [0x20] + tier,
            other.architecture + [0x20] + other.tier
        )
    }
}
