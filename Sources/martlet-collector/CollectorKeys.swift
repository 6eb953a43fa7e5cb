import BundleFormat
import Telemetry

/// The collector's secret keys: the one that signs its answers, and the one that opens batches.
struct CollectorKeys: Sendable {
    private let signing: IdentityKeyPair
    private let sealing: SealingKeyPair
    /// The id by which devices name these keys.
    let keyID: [UInt8]

    /// Makes new random keys.
    init() {
        self.init(signing: IdentityKeyPair(), sealing: SealingKeyPair())
    }

    private init(signing: IdentityKeyPair, sealing: SealingKeyPair) {
        self.signing = signing
        self.sealing = sealing
        keyID = [UInt8](
            Sodium.blake2b(signing.publicKey.bytes + sealing.publicKey.bytes)
                .prefix(Wire.collectorKeyIDSizeBytes)
        )
    }

    /// The public halves, which devices are given.
    var identity: CollectorIdentity {
        CollectorIdentity(
            signingKey: signing.publicKey.bytes,
            sealingKey: sealing.publicKey.bytes
        )
    }

    /// A record followed by its signature.
    func signed(_ record: [UInt8], domain: [UInt8]) -> [UInt8] {
        record + signing.sign(domain + record)
    }

    /// What was sealed to this collector; `nil` when it was not, or was changed.
    func open(_ sealed: [UInt8]) -> [UInt8]? { sealing.open(sealed) }
}

extension CollectorKeys {
    private static let prefix = [UInt8]("martlet-collector-secret-1 ".utf8)

    /// Reads the content of a key file; `nil` when it is not one.
    init?(fileContent: [UInt8]) {
        var line = fileContent
        while line.last == 0x0A { line.removeLast() }
        guard line.starts(with: CollectorKeys.prefix),
            let secrets = Hexadecimal.decode(line.dropFirst(CollectorKeys.prefix.count)),
            secrets.count == 64,
            let signing = IdentityKeyPair(seed: [UInt8](secrets[..<32])),
            let sealing = SealingKeyPair(secretBytes: [UInt8](secrets[32...]))
        else { return nil }
        self.init(signing: signing, sealing: sealing)
    }

    /// The content of a key file: one line of text.
    var fileContent: [UInt8] {
        CollectorKeys.prefix + Hexadecimal.encode(signing.seed + sealing.secretBytes) + [0x0A]
    }
}
