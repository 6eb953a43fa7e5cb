import BundleFormat
import Packager
import Terminal

/// A file that bears signatures: a bundle or a trust document.
struct SignableFile {
    let path: String
    /// The kind of trust document; `nil` for a bundle.
    let kind: DocumentKind?
    /// The signed text.
    let text: SignableText
    /// The signatures; the rest of the file is never touched.
    var envelope: Envelope
    private let bytes: [UInt8]

    /// Reads a file, of whose signatures nothing is believed.
    ///
    /// - Throws: `Failure` when it is neither kind or its text is malformed.
    init(path: String) throws {
        try self.init(InputFile.read(path, limitBytes: HostBundle.sizeMax), path: path)
    }

    init(_ bytes: [UInt8], path: String) throws {
        self.path = path
        self.bytes = bytes
        kind = SignedDocument.claimedKind(of: bytes)
        if let kind {
            do {
                let document = try SignedDocument(decoding: bytes, kind: kind)
                envelope = document.envelope
                text = try SignableText(document)
            } catch {
                throw Failure(trust: error, place: path)
            }
        } else {
            guard HostBundle.isBundle(bytes) else {
                throw Failure(
                    .authentication,
                    "this is neither a bundle nor a root nor a channel",
                    place: path
                )
            }
            do {
                (envelope, text) = try SignableFile.manifest(of: bytes)
            } catch {
                throw Failure(bundle: error, place: path)
            }
        }
    }

    private static func manifest(
        of bytes: [UInt8]
    ) throws(BundleError) -> (Envelope, SignableText) {
        let start = Int(BundleLayout.manifestOffset)
        guard bytes.count > start else {
            throw .truncated(
                .envelope,
                expectedSizeBytes: UInt64(start),
                actualSizeBytes: UInt64(bytes.count)
            )
        }
        let head = Tar.blockSizeBytes
        let envelope = try Envelope(decoding: [UInt8](bytes[head..<head + Envelope.sizeBytes]))
        let end = start + envelope.textSizeBytes
        guard bytes.count >= end else {
            throw .truncated(
                .manifest,
                expectedSizeBytes: UInt64(end),
                actualSizeBytes: UInt64(bytes.count)
            )
        }
        let manifest = [UInt8](bytes[start..<end])
        guard Sodium.blake2b(manifest, sizeBytes: 64) == envelope.textHash else {
            throw .hashMismatch(.manifest, index: 0)
        }
        return (envelope, SignableText(try Manifest(decoding: manifest)))
    }

    /// The file's bytes with the signatures as they are now.
    var signedBytes: [UInt8] {
        let start = kind == nil ? Tar.blockSizeBytes : 0
        return bytes[..<start] + envelope.encoded() + bytes[(start + Envelope.sizeBytes)...]
    }

    /// Puts signatures of keys in place.
    mutating func sign(with keys: [SigningKey]) throws {
        for key in keys { try attach(key.sign(text)) }
    }

    /// Puts a signature in place.
    mutating func attach(_ slot: SignatureSlot) throws {
        do {
            try envelope.attach(slot)
        } catch {
            throw Failure(
                .usage,
                "all 16 places for signatures are taken",
                place: path,
                help: "'martlet sign --remove' frees one"
            )
        }
    }

    /// Writes the file whole, or leaves what was there.
    ///
    /// - Parameters:
    ///   - output: where; the file itself when `nil`.
    ///   - keys: keys that must have signed; a bundle is checked to its last byte by them.
    /// - Throws: `Failure`; nothing is written then.
    func write(to output: String?, signedBy keys: [PublicKey]) throws {
        let signed = signedBytes
        if kind == nil {
            guard !envelope.slots.isEmpty else {
                throw Failure(.usage, "a bundle needs a signature", place: path)
            }
            if !keys.isEmpty { try check(signed, by: keys) }
        }
        do {
            try BundleWriter.write(signed, to: output ?? path)
        } catch {
            throw Failure(writing: error)
        }
    }

    private func check(_ signed: [UInt8], by keys: [PublicKey]) throws {
        guard let trusted = TrustedKeys(releaseKeys: keys, threshold: keys.count) else {
            throw Failure(.usage, "one key signs twice")
        }
        var sink = DiscardingSink()
        _ = try HostBundle.verify(signed, path: path, trusted: trusted, into: &sink)
    }
}
