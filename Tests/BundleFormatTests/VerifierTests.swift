import BundleFormat
import Packager
import Testing

@Suite("Verifier")
struct VerifierTests {
    @Test(
        "a whole bundle gives back its image and its manifest",
        arguments: [
            PayloadCodec.zstd, PayloadCodec.none,
        ]
    )
    func whole(codec: PayloadCodec) throws {
        let bytes = try SmallBundle.make(codec: codec)
        let (bundle, image) = try SmallBundle.verify(bytes)
        #expect(image == SmallBundle.image)
        #expect(bundle.manifest.counter == 7)
        #expect(bundle.manifest.contentID == Sodium.blake2b(SmallBundle.image))
        #expect(bundle.manifest.files.map(\.sizeBytes) == [2, 8])
        if let offset = bundle.mappableImageOffset {
            #expect(offset % 65_536 == 0)
            #expect([UInt8](bytes[Int(offset)..<Int(offset) + image.count]) == image)
        }
    }

    @Test("the same input gives the same bytes, and the content id does not depend on the codec")
    func reproducible() throws {
        #expect(try SmallBundle.make() == SmallBundle.make())
        let packed = try SmallBundle.verify(SmallBundle.make(codec: .zstd))
        let plain = try SmallBundle.verify(SmallBundle.make(codec: .none))
        #expect(packed.bundle.manifest.contentID == plain.bundle.manifest.contentID)
    }

    @Test("every single-byte flip is refused")
    func flips() throws {
        let bytes = try SmallBundle.make()
        for offset in bytes.indices {
            var changed = bytes
            changed[offset] ^= UInt8(1 << (offset % 8))
            #expect(throws: BundleError.self, "offset \(offset)") {
                try SmallBundle.verify(changed)
            }
        }
    }

    @Test("every truncation is refused, and so is a byte more")
    func truncations() throws {
        let bytes = try SmallBundle.make()
        for count in 0..<bytes.count {
            #expect(throws: BundleError.self, "\(count) bytes") {
                try SmallBundle.verify([UInt8](bytes[..<count]))
            }
        }
        #expect(throws: BundleError.self) { try SmallBundle.verify(bytes + [0]) }
    }

    @Test("a stranger's signature is refused")
    func stranger() throws {
        let bytes = try SmallBundle.make(keys: [SmallBundle.stranger])
        #expect(throws: BundleError.untrusted(validSignatures: 0, threshold: 1)) {
            try SmallBundle.verify(bytes)
        }
    }

    @Test("a threshold counts distinct trusted keys")
    func threshold() throws {
        let both = [SmallBundle.key, SmallBundle.stranger]
        let one = try SmallBundle.make()
        #expect(throws: BundleError.untrusted(validSignatures: 1, threshold: 2)) {
            try SmallBundle.verify(one, trusting: both, threshold: 2)
        }
        let two = try SmallBundle.make(keys: both)
        #expect(try SmallBundle.verify(two, trusting: both, threshold: 2).bundle.signers.count == 2)
        #expect(
            TrustedKeys(releaseKeys: [SmallBundle.key.publicKey.key, SmallBundle.key.publicKey.key])
                == nil
        )
        #expect(throws: BundleWritingError.self) {
            try SmallBundle.make(keys: [SmallBundle.key, SmallBundle.key])
        }
    }

    @Test("a bundle for other devices, another runtime or a smaller flash is refused")
    func needs() throws {
        let bytes = try SmallBundle.make()
        let other = AcceptedTarget(architecture: [UInt8]("x86_64".utf8), runtimeAbi: 1)
        #expect(throws: BundleError.wrongTarget) {
            try SmallBundle.verify(bytes, accepted: other)
        }
        let newer = AcceptedTarget(architecture: nil, runtimeAbi: 2)
        #expect(throws: BundleError.runtimeAbiMismatch(needed: 1, present: 2)) {
            try SmallBundle.verify(bytes, accepted: newer)
        }
        let small = AcceptedTarget(architecture: nil, runtimeAbi: 1, imageSizeMax: 1_000)
        let size = UInt64(SmallBundle.image.count)
        #expect(throws: BundleError.overLimit(.image, sizeBytes: size, limitBytes: 1_000)) {
            try SmallBundle.verify(bytes, accepted: small)
        }
    }
}
