import BundleFormat
import Packager
import Testing

/// Mutations that are signed again by a trusted key, so that the parsers behind the signature are
/// reached: what a careless or captured signer could send.
@Suite("Signed but wrong")
struct ResignedTests {
    /// Replaces the manifest's text by a mutated one and signs whatever it became.
    static func resign(_ text: [UInt8], in bundle: [UInt8]) -> [UInt8] {
        let hash = Sodium.blake2b(text, sizeBytes: 64)
        let signature = SmallBundle.key.signForTests(hash)
        let comment = SmallBundle.manifest().trustedComment
        let slot = SignatureSlot(
            keyID: SignatureSlot.keyID(of: SmallBundle.key.publicKey.key),
            role: .release,
            signature: signature,
            commentSignature: SmallBundle.key.signForTests(signature + comment)
        )
        let envelope = Envelope(textSizeBytes: text.count, textHash: hash, slots: [slot])
        var bytes = bundle
        bytes.replaceSubrange(512..<512 + Envelope.sizeBytes, with: envelope.encoded())
        let start = Int(BundleLayout.manifestOffset)
        bytes.replaceSubrange(start..<start + min(text.count, bytes.count - start), with: text)
        return bytes
    }

    static let bundle = try? SmallBundle.make()

    static func text() throws -> [UInt8] {
        let bundle = try #require(bundle)
        let manifest = try SmallBundle.verify(bundle).bundle.manifest
        return manifest.encoded()
    }

    @Test("the unchanged text is accepted when it is signed again")
    func unchanged() throws {
        let bundle = try #require(Self.bundle)
        _ = try SmallBundle.verify(Self.resign(Self.text(), in: bundle))
    }

    @Test("every single-byte change of the manifest is refused or gives another manifest")
    func everyByte() throws {
        let bundle = try #require(Self.bundle)
        let text = try Self.text()
        let original = try Manifest(decoding: text)
        for offset in text.indices {
            for flip: UInt8 in [1, 0x10, 0x80] {
                var changed = text
                changed[offset] ^= flip
                do throws(BundleError) {
                    let manifest = try Manifest(decoding: changed)
                    #expect(manifest != original && manifest.encoded() == changed)
                } catch {
                    guard case .manifestMalformed = error else {
                        Issue.record("offset \(offset): \(error)")
                        continue
                    }
                }
                // Whatever the text says now, nothing beyond the file may be touched.
                _ = try? SmallBundle.verify(Self.resign(changed, in: bundle))
            }
        }
    }

    @Test(
        "a manifest that breaks a rule names its line",
        arguments: [
            ("counter 7", "counter 07", 4), ("counter 7", "counter 99999999999999999999", 4),
            ("counter 7", "counter +7", 4), ("floor 3", "floor 8", 5),
            ("name small", "name ../small", 2), ("target aarch64", "target riscv64", 9),
            ("codec zstd", "codec gzip", 19), ("created 0\n", "created 0\nsurprise 1\n", 7),
            ("image-size", "image-Size", 17), ("x-note", "y-note", 29),
        ]
    )
    func namedRules(old: String, new: String, line: Int) throws {
        let text = String(decoding: try Self.text(), as: UTF8.self)
        let changed = [UInt8](text.replacing(old, with: new).utf8)
        #expect(throws: BundleError.manifestMalformed(line: line)) {
            try Manifest(decoding: changed)
        }
    }
}
