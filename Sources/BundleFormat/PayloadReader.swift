/// Checks and decodes a bundle's chunks.
enum PayloadReader {
    /// Hands the image to a sink, chunk by chunk, and checks table, chunks, payload and image.
    static func copyImage<Source: BundleSource, Sink: ImageSink>(
        of manifest: Manifest,
        layout: BundleLayout,
        from reader: inout MemberReader<Source>,
        to sink: inout Sink
    ) throws(BundleError) {
        let table = try readTable(manifest, layout: layout, from: &reader)
        var payloadHash = StreamingHash()
        var imageHash = StreamingHash()
        var offset = contentOffset(of: .payload, in: layout)
        guard var decoder = ZstdDecoder() else {
            throw .overLimit(.payload, sizeBytes: 0, limitBytes: 0)
        }
        for (index, row) in table.rows.enumerated() {
            let stored = try reader.bytes(at: offset, count: Int(row.storedSizeBytes))
            guard Sodium.blake2b(stored) == row.storedHash else {
                throw .hashMismatch(.payload, index: index)
            }
            payloadHash.update(stored)
            let plain = try decode(stored, row: row, index: index, manifest.codec, &decoder)
            imageHash.update(plain)
            try write(plain, to: &sink)
            offset += UInt64(row.storedSizeBytes)
        }
        guard payloadHash.finish() == manifest.payloadHash else {
            throw .hashMismatch(.payload, index: table.rows.count)
        }
        guard imageHash.finish() == manifest.imageHash else {
            throw .hashMismatch(.image, index: 0)
        }
    }

    private static func readTable<Source: BundleSource>(
        _ manifest: Manifest,
        layout: BundleLayout,
        from reader: inout MemberReader<Source>
    ) throws(BundleError) -> ChunkTable {
        let bytes = try reader.bytes(
            at: contentOffset(of: .chunkTable, in: layout),
            count: Int(manifest.tableSizeBytes)
        )
        guard Sodium.blake2b(bytes) == manifest.tableHash else {
            throw .hashMismatch(.chunkTable, index: 0)
        }
        return try ChunkTable(decoding: bytes, for: manifest)
    }

    private static func contentOffset(of member: BundleMember, in layout: BundleLayout) -> UInt64 {
        for placement in layout.placements where placement.member == member {
            return placement.contentOffset
        }
        preconditionFailure("every layout holds a chunk table and a payload")
    }

    private static func decode(
        _ stored: [UInt8],
        row: ChunkTable.Row,
        index: Int,
        _ codec: PayloadCodec,
        _ decoder: inout ZstdDecoder
    ) throws(BundleError) -> [UInt8] {
        var plain = stored
        if codec == .zstd {
            plain = [UInt8](repeating: 0, count: Int(row.plainSizeBytes))
            // Safe: both buffers live as long as the call.
            let isDecoded = unsafe stored.withUnsafeBytes { stored in
                unsafe plain.withUnsafeMutableBytes { plain in
                    unsafe decoder.decode(stored, into: plain)
                }
            }
            guard isDecoded else { throw .chunkMalformed(index: index) }
        }
        guard Sodium.blake2b(plain) == row.plainHash else {
            throw .hashMismatch(.image, index: index)
        }
        return plain
    }

    private static func write<Sink: ImageSink>(
        _ bytes: [UInt8],
        to sink: inout Sink
    ) throws(BundleError) {
        var failure: BundleError?
        // Safe: the buffer lives as long as the call.
        unsafe bytes.withUnsafeBytes { buffer in
            do throws(BundleError) { try unsafe sink.write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
