/// Reads a bundle's members and checks what the layout determines.
struct MemberReader<Source: BundleSource> {
    var source: Source

    /// The envelope, after its header was compared with the only one there can be.
    mutating func envelope() throws(BundleError) -> Envelope {
        let needed = BundleLayout.manifestOffset + UInt64(Tar.trailerSizeBytes)
        guard source.sizeBytes >= needed else {
            throw .truncated(
                .envelope,
                expectedSizeBytes: needed,
                actualSizeBytes: source.sizeBytes
            )
        }
        let header = Tar.header(
            name: [UInt8]("eib/envelope".utf8),
            sizeBytes: UInt64(Envelope.sizeBytes)
        )
        guard try bytes(at: 0, count: Tar.blockSizeBytes) == header else {
            throw .headerMismatch(.envelope, offsetBytes: 0)
        }
        return try Envelope(
            decoding: bytes(at: UInt64(Tar.blockSizeBytes), count: Envelope.sizeBytes)
        )
    }

    /// The manifest's bytes, whose hash is the envelope's.
    mutating func manifestText(_ envelope: Envelope) throws(BundleError) -> [UInt8] {
        let end = BundleLayout.manifestOffset + UInt64(envelope.textSizeBytes)
        guard end <= source.sizeBytes else {
            throw .truncated(.manifest, expectedSizeBytes: end, actualSizeBytes: source.sizeBytes)
        }
        let text = try bytes(at: BundleLayout.manifestOffset, count: envelope.textSizeBytes)
        guard Sodium.blake2b(text, sizeBytes: 64) == envelope.textHash else {
            throw .hashMismatch(.manifest, index: 0)
        }
        return text
    }

    /// Checks the file's size, every header, and that everything between members is zero.
    mutating func checkStructure(_ layout: BundleLayout) throws(BundleError) {
        let expected = layout.bundleSizeBytes
        guard source.sizeBytes >= expected else {
            throw .truncated(
                .trailer,
                expectedSizeBytes: expected,
                actualSizeBytes: source.sizeBytes
            )
        }
        guard source.sizeBytes == expected else {
            throw .trailingBytes(expectedSizeBytes: expected, actualSizeBytes: source.sizeBytes)
        }
        for placement in layout.placements {
            let header = Tar.header(name: placement.name, sizeBytes: placement.sizeBytes)
            let stored = try bytes(at: placement.headerOffset, count: Tar.blockSizeBytes)
            guard stored == header else {
                throw .headerMismatch(placement.member, offsetBytes: placement.headerOffset)
            }
            let isPad = placement.member == .padding
            let start = placement.contentOffset + (isPad ? 0 : placement.sizeBytes)
            try checkZero(placement.member, from: start, to: placement.endOffset)
        }
        try checkZero(.trailer, from: expected - UInt64(Tar.trailerSizeBytes), to: expected)
    }

    private mutating func checkZero(
        _ member: BundleMember,
        from start: UInt64,
        to end: UInt64
    ) throws(BundleError) {
        var offset = start
        while offset < end {
            let count = Int(min(end - offset, 4_096))
            for (index, byte) in try bytes(at: offset, count: count).enumerated() where byte != 0 {
                throw .paddingNotZero(member, offsetBytes: offset + UInt64(index))
            }
            offset += UInt64(count)
        }
    }

    /// Checks the hash of every metadata file.
    mutating func checkMetadata(
        _ manifest: Manifest,
        layout: BundleLayout
    ) throws(BundleError) {
        var index = 0
        for placement in layout.placements where placement.member == .metadata {
            var hash = StreamingHash()
            var offset: UInt64 = 0
            while offset < placement.sizeBytes {
                let count = Int(min(placement.sizeBytes - offset, 65_536))
                hash.update(try bytes(at: placement.contentOffset + offset, count: count))
                offset += UInt64(count)
            }
            guard hash.finish() == manifest.files[index].hash else {
                throw .hashMismatch(.metadata, index: index)
            }
            index += 1
        }
    }

    /// New memory with bytes of the source.
    ///
    /// Counts are bounded by the callers' limits.
    mutating func bytes(at offset: UInt64, count: Int) throws(BundleError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try read(at: offset, into: &bytes, count: count)
        return bytes
    }

    /// Fills the first `count` bytes of an array.
    mutating func read(
        at offset: UInt64,
        into bytes: inout [UInt8],
        count: Int
    ) throws(BundleError) {
        precondition(count <= bytes.count)
        // A typed error cannot leave the closure of an array's raw access, so it is carried out.
        var failure: BundleError?
        // Safe: the count was compared with the array's own.
        unsafe bytes.withUnsafeMutableBytes { buffer in
            do throws(BundleError) {
                let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                try unsafe source.read(at: offset, into: part)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
