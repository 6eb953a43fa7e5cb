/// The flat list of chunks: how each is stored, and what it holds.
///
/// Rows of 72 bytes: `u32 stored size | u32 plain size | BLAKE2b-256 of the stored bytes |
/// BLAKE2b-256 of the plain bytes`. The stored hash is checked before a decoder sees a byte; the
/// plain hash serves resuming and deltas.
public struct ChunkTable: Sendable, Equatable {
    /// One chunk.
    public struct Row: Sendable, Equatable {
        /// The size in the bundle, and the size in the image.
        public var storedSizeBytes: UInt32, plainSizeBytes: UInt32
        /// BLAKE2b-256 of the bytes in the bundle, and of the bytes in the image.
        public var storedHash: [UInt8], plainHash: [UInt8]

        /// Makes a row from its parts.
        public init(
            storedSizeBytes: UInt32,
            plainSizeBytes: UInt32,
            storedHash: [UInt8],
            plainHash: [UInt8]
        ) {
            self.storedSizeBytes = storedSizeBytes
            self.plainSizeBytes = plainSizeBytes
            self.storedHash = storedHash
            self.plainHash = plainHash
        }
    }

    /// The size of a row in bytes.
    public static let rowSizeBytes = 72
    /// The largest number of rows.
    public static let rowCountMax = 65_536

    /// The chunks in the image's order.
    public var rows: [Row]

    /// Makes a table from its rows.
    public init(rows: [Row]) { self.rows = rows }

    /// Reads a table whose hash was checked against the manifest.
    ///
    /// - Throws: `BundleError.chunkMalformed` with the first row whose sizes do not fit.
    public init(decoding bytes: [UInt8], for manifest: Manifest) throws(BundleError) {
        let count = manifest.chunkCount
        guard (1...ChunkTable.rowCountMax).contains(count),
            bytes.count == count * ChunkTable.rowSizeBytes
        else { throw .chunkMalformed(index: 0) }
        let reader = ByteReader(bytes)
        var storedTotal: UInt64 = 0
        var rest = manifest.imageSizeBytes
        rows = []
        for index in 0..<count {
            let start = index * ChunkTable.rowSizeBytes
            let row = Row(
                storedSizeBytes: reader.u32(start),
                plainSizeBytes: reader.u32(start + 4),
                storedHash: [UInt8](bytes[start + 8..<start + 40]),
                plainHash: [UInt8](bytes[start + 40..<start + 72])
            )
            guard row.isSane(in: manifest, rest: rest) else { throw .chunkMalformed(index: index) }
            storedTotal += UInt64(row.storedSizeBytes)
            rest -= UInt64(row.plainSizeBytes)
            rows.append(row)
        }
        guard rest == 0, storedTotal == manifest.payloadSizeBytes else {
            throw .chunkMalformed(index: count)
        }
    }

    /// The table's bytes.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        for row in rows {
            writer.u32(row.storedSizeBytes)
            writer.u32(row.plainSizeBytes)
            writer.append(row.storedHash)
            writer.append(row.plainHash)
        }
        return writer.bytes
    }
}

extension ChunkTable.Row {
    /// Whether the plain size is the one that the manifest determines, and the stored size is no
    /// larger than zstd's bound for it.
    fileprivate func isSane(in manifest: Manifest, rest: UInt64) -> Bool {
        let plain = UInt64(plainSizeBytes)
        let expected = min(rest, UInt64(manifest.chunkSizeBytes))
        switch manifest.codec {
        case .none: return plain == expected && storedSizeBytes == plainSizeBytes
        case .zstd:
            let bound = plain + plain / 128 + 64
            return plain == expected && (1...bound).contains(UInt64(storedSizeBytes))
        }
    }
}
