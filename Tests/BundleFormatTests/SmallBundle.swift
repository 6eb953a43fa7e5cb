import BundleFormat
import Packager

/// A real bundle, small enough to flip every one of its bytes.
enum SmallBundle {
    static let key = SigningKey()
    static let stranger = SigningKey()
    static let accepted = AcceptedTarget(architecture: [UInt8]("aarch64".utf8), runtimeAbi: 1)

    static let image = InstalledImage.encode([
        (.program, [UInt8](repeating: 7, count: 200)),
        (.golden, GoldenVectors.encode([(inputs: [1, 2, 3], outputs: [4])])),
    ])

    static func manifest(codec: PayloadCodec = .zstd) -> Manifest {
        var manifest = Manifest()
        manifest.name = [UInt8]("small".utf8)
        manifest.version = [UInt8]("1.0.0-rc.1".utf8)
        manifest.counter = 7
        manifest.floor = 3
        for architecture in ["aarch64", "riscv64"] {
            manifest.targets.append(
                BundleTarget(
                    architecture: [UInt8](architecture.utf8),
                    tier: [UInt8]("scalar".utf8)
                )
            )
        }
        manifest.runtimeAbi = 1
        manifest.operators = [[UInt8]("Lookup".utf8), [UInt8]("Softmax".utf8)]
        manifest.arenaBytes = 128
        manifest.codec = codec
        manifest.selfTestCount = 1
        manifest.selfTestHash = Sodium.blake2b([4])
        manifest.extensions = [[UInt8]("x-note a line that readers may ignore".utf8)]
        return manifest
    }

    static let files = [
        MetadataFile(name: "card.md", bytes: [UInt8]("# Small\n".utf8)),
        MetadataFile(name: "bom.cdx.json", bytes: [UInt8]("{}".utf8)),
    ]

    static func make(
        codec: PayloadCodec = .zstd,
        keys: [SigningKey] = [key]
    ) throws -> [UInt8] {
        try BundleWriter.encode(
            image: image,
            manifest: manifest(codec: codec),
            files: files,
            keys: keys
        ).bytes
    }

    /// The image and the manifest of a bundle that is accepted; throws what the verifier throws.
    static func verify(
        _ bytes: [UInt8],
        trusting keys: [SigningKey] = [key],
        threshold: Int = 1,
        accepted: AcceptedTarget = accepted
    ) throws(BundleError) -> (bundle: VerifiedBundle, image: [UInt8]) {
        guard
            let trusted = TrustedKeys(
                releaseKeys: keys.map(\.publicKey.key),
                threshold: threshold
            )
        else { throw .untrusted(validSignatures: 0, threshold: threshold) }
        var bundle = UnverifiedBundle(MemoryBundleSource(bytes))
        var sink = MemoryImageSink()
        let verified = try Verifier.verify(
            &bundle,
            trusted: trusted,
            accepted: accepted,
            sink: &sink
        )
        return (verified, sink.bytes)
    }
}

extension SigningKey {
    /// Signs arbitrary bytes by way of the key's file, as an attacker with the key could.
    func signForTests(_ message: [UInt8]) -> [UInt8] {
        signature(of: message)
    }
}
