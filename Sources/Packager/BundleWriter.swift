public import BundleFormat
import Foundation

/// Why a bundle cannot be written.
public enum BundleWritingError: Error, Sendable {
    /// The manifest breaks a rule of its text form; the line counts from 1.
    case manifestInvalid(line: Int)
    /// A chunk could not be compressed.
    case compressionFailed
    /// Keys are missing, repeated or too many.
    case signing(SigningError)
    /// The disk is full; nothing is left under the bundle's name.
    case noSpace(path: String)
    /// The file could not be written; nothing is left under the bundle's name.
    case writeFailed(path: String, code: Int32)
}

/// A metadata file to be packed.
public struct MetadataFile: Sendable {
    /// The name below `meta/`, made of `a`...`z`, `0`...`9`, `.`, `_`, `-`.
    public var name: String
    /// The content.
    public var bytes: [UInt8]

    /// Makes a metadata file.
    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// Makes a metadata file of JSON with sorted keys, so that equal values give equal bytes.
    ///
    /// - Throws: an error of the encoder for numbers that are not finite.
    public init(name: String, json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        self.init(name: name, bytes: [UInt8](try encoder.encode(value)) + [0x0A])
    }
}

/// Writes bundles: the same image, manifest, files and keys give the same bytes.
public enum BundleWriter {
    /// The plain size of chunks: 64 KiB costs 0.2 % over one frame and keeps the reader small.
    public static let chunkSizeBytes = 65_536

    /// Completes a manifest, signs it and lays out the bundle.
    ///
    /// - Parameters:
    ///   - image: the installed image.
    ///   - manifest: identity and needs; everything about content is computed here.
    ///   - files: metadata, in any order.
    ///   - keys: the signers, 1 to 16 distinct ones.
    /// - Returns: The bundle's bytes and the manifest as signed.
    /// - Throws: `BundleWritingError`.
    public static func encode(
        image: [UInt8],
        manifest: Manifest,
        files: [MetadataFile],
        keys: [SigningKey]
    ) throws(BundleWritingError) -> (bytes: [UInt8], manifest: Manifest) {
        let chunks = try chunk(image, codec: manifest.codec)
        let sorted = files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let complete = complete(manifest, image: image, chunks: chunks, files: sorted)
        let text = complete.encoded()
        try check(complete, text: text)
        let envelope = Envelope(
            textSizeBytes: text.count,
            textHash: Sodium.blake2b(text, sizeBytes: 64),
            slots: try signatures(of: complete, by: keys)
        )
        let contents =
            [envelope.encoded(), text, chunks.table.encoded()]
            + (complete.codec == .none ? [[]] : []) + [chunks.payload] + sorted.map(\.bytes)
        let layout = BundleLayout(manifest: complete, manifestSizeBytes: text.count)
        return (lay(contents, by: layout), complete)
    }

    /// Writes a bundle so that it appears complete under its name, or not at all.
    ///
    /// - Throws: `BundleWritingError.noSpace` or `.writeFailed`.
    public static func write(_ bytes: [UInt8], to path: String) throws(BundleWritingError) {
        let temporary = path + ".partial"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .writeFailed(path: path, code: errno) }
        var code = writeAll(bytes, to: descriptor)
        if code == 0, fsync(descriptor) != 0 { code = errno }
        close(descriptor)
        if code == 0, rename(temporary, path) != 0 { code = errno }
        guard code == 0 else {
            unlink(temporary)
            throw code == ENOSPC ? .noSpace(path: path) : .writeFailed(path: path, code: code)
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let part = UnsafeRawBufferPointer(rebasing: buffer[offset...])
                let written = Foundation.write(descriptor, part.baseAddress, part.count)
                if written < 0 && errno == EINTR { continue }
                guard written > 0 else { return errno }
                offset += written
            }
            return 0
        }
    }

    private static func lay(_ contents: [[UInt8]], by layout: BundleLayout) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(layout.bundleSizeBytes))
        for (placement, content) in zip(layout.placements, contents) {
            bytes += Tar.header(name: placement.name, sizeBytes: placement.sizeBytes)
            bytes += content
            let padding = Tar.paddedSize(placement.sizeBytes) - UInt64(content.count)
            bytes += [UInt8](repeating: 0, count: Int(padding))
        }
        return bytes + [UInt8](repeating: 0, count: Tar.trailerSizeBytes)
    }
}

extension BundleWriter {
    private struct Chunks {
        var table = ChunkTable(rows: [])
        var payload: [UInt8] = []
    }

    private static func chunk(
        _ image: [UInt8],
        codec: PayloadCodec
    ) throws(BundleWritingError) -> Chunks {
        var chunks = Chunks()
        for start in stride(from: 0, to: image.count, by: chunkSizeBytes) {
            let plain = image[start..<min(start + chunkSizeBytes, image.count)]
            let stored = codec == .zstd ? try ZstdEncoder.compress(plain) : [UInt8](plain)
            chunks.table.rows.append(
                ChunkTable.Row(
                    storedSizeBytes: UInt32(stored.count),
                    plainSizeBytes: UInt32(plain.count),
                    storedHash: Sodium.blake2b(stored),
                    plainHash: Sodium.blake2b([UInt8](plain))
                )
            )
            chunks.payload += stored
        }
        return chunks
    }

    private static func complete(
        _ manifest: Manifest,
        image: [UInt8],
        chunks: Chunks,
        files: [MetadataFile]
    ) -> Manifest {
        var manifest = manifest
        let table = chunks.table.encoded()
        manifest.imageSizeBytes = UInt64(image.count)
        manifest.imageHash = Sodium.blake2b(image)
        manifest.chunkSizeBytes = UInt32(chunkSizeBytes)
        manifest.tableSizeBytes = UInt64(table.count)
        manifest.tableHash = Sodium.blake2b(table)
        manifest.payloadSizeBytes = UInt64(chunks.payload.count)
        manifest.payloadHash = Sodium.blake2b(chunks.payload)
        manifest.files = files.map { file in
            BundleFile(
                name: [UInt8](file.name.utf8),
                sizeBytes: UInt64(file.bytes.count),
                hash: Sodium.blake2b(file.bytes)
            )
        }
        return manifest
    }

    /// Reads the text back as a device would, so that nothing is signed that a device refuses.
    private static func check(
        _ manifest: Manifest,
        text: [UInt8]
    ) throws(BundleWritingError) {
        do throws(BundleError) {
            guard try Manifest(decoding: text) == manifest else {
                throw BundleError.manifestMalformed(line: 0)
            }
        } catch {
            guard case .manifestMalformed(let line) = error else {
                throw .manifestInvalid(line: 0)
            }
            throw .manifestInvalid(line: line)
        }
    }

    private static func signatures(
        of manifest: Manifest,
        by keys: [SigningKey]
    ) throws(BundleWritingError) -> [SignatureSlot] {
        let slots = keys.map { $0.sign(manifest) }
        let distinct = Set(slots.map(\.keyID))
        guard (1...Envelope.slotCountMax).contains(keys.count), distinct.count == keys.count else {
            throw .signing(.signerCountOutOfRange(count: keys.count))
        }
        return slots
    }
}
