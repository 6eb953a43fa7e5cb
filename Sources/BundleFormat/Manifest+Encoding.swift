extension Manifest {
    /// The manifest's text, one byte string for one manifest.
    public func encoded() -> [UInt8] {
        var lines = ManifestLines()
        lines.add("eib-manifest/1", [])
        encodeIdentity(into: &lines)
        encodeNeeds(into: &lines)
        encodeContent(into: &lines)
        return lines.bytes
    }

    private func encodeIdentity(into lines: inout ManifestLines) {
        lines.add("name", [name])
        lines.add("version", [version])
        lines.add("counter", [ManifestText.decimal(counter)])
        lines.add("floor", [ManifestText.decimal(floor)])
        lines.add("created", [ManifestText.decimal(created)])
        lines.add("not-after", [ManifestText.decimal(notAfter)])
        for target in targets { lines.add("target", [target.architecture, target.tier]) }
    }

    private func encodeNeeds(into lines: inout ManifestLines) {
        lines.add(
            "hw-revision",
            [
                ManifestText.decimal(UInt64(hardwareRevisionMin)),
                ManifestText.decimal(UInt64(hardwareRevisionMax)),
            ]
        )
        lines.add("runtime-abi", [ManifestText.decimal(UInt64(runtimeAbi))])
        for name in operators { lines.add("operator", [name]) }
        lines.add("ram-peak", [ManifestText.decimal(ramPeakBytes)])
        lines.add("arena", [ManifestText.decimal(arenaBytes)])
        lines.add("latency-budget", [ManifestText.decimal(latencyBudgetMicroseconds)])
    }

    private func encodeContent(into lines: inout ManifestLines) {
        lines.add("image-size", [ManifestText.decimal(imageSizeBytes)])
        lines.add("image-hash", [ManifestText.hex(imageHash)])
        lines.add("codec", [[UInt8]((codec == .zstd ? "zstd" : "none").utf8)])
        lines.add("chunk-size", [ManifestText.decimal(UInt64(chunkSizeBytes))])
        lines.add("table-size", [ManifestText.decimal(tableSizeBytes)])
        lines.add("table-hash", [ManifestText.hex(tableHash)])
        lines.add("payload-size", [ManifestText.decimal(payloadSizeBytes)])
        lines.add("payload-hash", [ManifestText.hex(payloadHash)])
        lines.add("selftest-count", [ManifestText.decimal(UInt64(selfTestCount))])
        lines.add("selftest-hash", [ManifestText.hex(selfTestHash)])
        if let base { lines.add("base", [ManifestText.hex(base)]) }
        for file in files {
            let size = ManifestText.decimal(file.sizeBytes)
            lines.add("file", [file.name, size, ManifestText.hex(file.hash)])
        }
        for line in extensions { lines.add(line) }
    }
}

/// Collects lines of `key SP value SP value LF`.
struct ManifestLines {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ key: StaticString, _ words: [[UInt8]]) {
        // A StaticString of ASCII characters gives its bytes without a table.
        key.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        for word in words {
            bytes.append(0x20)
            bytes += word
        }
        bytes.append(0x0A)
    }

    mutating func add(_ line: [UInt8]) {
        bytes += line
        bytes.append(0x0A)
    }
}
