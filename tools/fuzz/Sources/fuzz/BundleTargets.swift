import BundleFormat
import Packager

extension Fuzz {
    private static let key = SigningKey()
    private static let trusted = TrustedKeys(releaseKeys: [key.publicKey.key])

    /// Signs what a mutation made of a bundle, so that the parsers behind the signature are
    /// reached, and verifies it: first the manifest as it is, then one whose hashes are right.
    static func signedBundle(_ bytes: [UInt8]) {
        verify(bytes)
        let start = Int(BundleLayout.manifestOffset)
        guard bytes.count > start + 1_024,
            let end = bytes[start...].lastIndex(of: 0x0A).map({ _ in
                manifestEnd(bytes, from: start)
            })
        else { return }
        let text = [UInt8](bytes[start..<end])
        guard (1...Envelope.manifestSizeMax).contains(text.count) else { return }
        verify(resigned(bytes, text: text))
        guard var manifest = try? Manifest(decoding: text) else { return }
        guard manifest.encoded() == text else { fatalError("one manifest, two texts") }
        repair(&manifest, bytes)
        let repaired = manifest.encoded()
        guard repaired.count == text.count else { return }
        verify(resigned(bytes, text: repaired))
    }

    /// Where the zeros behind the manifest begin.
    private static func manifestEnd(_ bytes: [UInt8], from start: Int) -> Int {
        bytes[start...].firstIndex(of: 0) ?? bytes.count
    }

    private static func verify(_ bytes: [UInt8]) {
        guard let trusted else { return }
        var bundle = UnverifiedBundle(MemoryBundleSource(bytes))
        var sink = MemoryImageSink()
        let accepted = AcceptedTarget(architecture: nil, runtimeAbi: 1, imageSizeMax: 1 << 24)
        guard
            let verified = try? Verifier.verify(
                &bundle,
                trusted: trusted,
                accepted: accepted,
                sink: &sink
            )
        else { return }
        guard sink.bytes.count == Int(verified.manifest.imageSizeBytes) else {
            fatalError("an image of another size was accepted")
        }
        installedImage(sink.bytes)
    }

    private static func resigned(_ bytes: [UInt8], text: [UInt8]) -> [UInt8] {
        let manifest = try? Manifest(decoding: text)
        let hash = Sodium.blake2b(text, sizeBytes: 64)
        var slot = SignatureSlot(
            keyID: SignatureSlot.keyID(of: key.publicKey.key),
            role: .release,
            signature: [UInt8](repeating: 0, count: 64),
            commentSignature: [UInt8](repeating: 0, count: 64)
        )
        if let manifest { slot = key.sign(manifest) }
        let envelope = Envelope(textSizeBytes: text.count, textHash: hash, slots: [slot])
        var changed = bytes
        changed.replaceSubrange(512..<512 + Envelope.sizeBytes, with: envelope.encoded())
        let start = Int(BundleLayout.manifestOffset)
        changed.replaceSubrange(start..<start + text.count, with: text)
        return changed
    }

    /// Makes table and payload hashes those of the bytes, so that the chunk reader is reached.
    private static func repair(_ manifest: inout Manifest, _ bytes: [UInt8]) {
        let layout = BundleLayout(manifest: manifest, manifestSizeBytes: manifest.encoded().count)
        for placement in layout.placements {
            guard let start = Int(exactly: placement.contentOffset),
                let size = Int(exactly: placement.sizeBytes), start <= bytes.count,
                size <= bytes.count - start
            else { return }
            let hash = Sodium.blake2b([UInt8](bytes[start..<start + size]))
            if placement.member == .chunkTable { manifest.tableHash = hash }
            if placement.member == .payload { manifest.payloadHash = hash }
        }
    }

    /// An image with all its sections, down to the program.
    static func installedImage(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { image in
            guard let table = try? InstalledImage(validating: image) else { return }
            for section in table.sections {
                guard let content = try? table.section(section.kind, of: image) else {
                    fatalError("a proved section is missing")
                }
                if section.kind == .golden, let golden = try? GoldenVectors(validating: content) {
                    guard golden.outputRange(golden.count - 1).upperBound == content.count else {
                        fatalError("golden vectors beyond their section")
                    }
                }
                if section.kind == .baseline {
                    _ = try? DriftBaseline(decoding: [UInt8](content))
                }
            }
        }
    }
}
