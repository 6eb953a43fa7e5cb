// What the devices of a product line should run now: ASCII lines in a fixed order.
//
//   eib-channel/1
//   name NAME                     target NAME (of targets/*.yaml, or `any`)
//   version N                     created N (Unix seconds)     not-after N (Unix seconds)
//   rollout PERCENT SEED          (0...100, any number)
//   bundle NAME COUNTER HEX32     (1...64 lines, sorted by name; BLAKE2b-256 of the manifest)
//   x-NAME TEXT                   (extensions that readers may ignore, 0...16 lines, sorted)
//
// Invariants: 1. decoding and encoding again gives the same bytes. 2. A bundle's name is listed
// once. 3. A channel always expires, after it was created. 4. Versions begin at 1.

/// One bundle that a channel lists.
public struct ChannelEntry: Sendable, Equatable {
    /// The bundle's name.
    public var name: [UInt8]
    /// The bundle's counter.
    public var counter: UInt64
    /// BLAKE2b-256 of the bundle's manifest.
    public var manifestHash: [UInt8]

    /// Makes an entry.
    public init(name: [UInt8], counter: UInt64, manifestHash: [UInt8]) {
        self.name = name
        self.counter = counter
        self.manifestHash = manifestHash
    }

    /// The entry that lists a bundle.
    public init(_ manifest: Manifest) {
        self.init(
            name: manifest.name,
            counter: manifest.counter,
            manifestHash: Sodium.blake2b(manifest.encoded())
        )
    }
}

/// What the devices of a product line should run, for a short time.
public struct Channel: Sendable, Equatable {
    /// The product line and the kind of device.
    public var name: [UInt8] = [], target: [UInt8] = []
    /// The number in the sequence of this channel, from 1.
    public var version: UInt64 = 1
    /// When the document was made, and after when it is not believed, in Unix seconds.
    public var created: UInt64 = 0, notAfter: UInt64 = 0
    /// The share of devices that should take part, and the seed that chooses them.
    public var rolloutPercent: UInt32 = 100, rolloutSeed: UInt64 = 0
    /// The bundles, sorted by name.
    public var bundles: [ChannelEntry] = []
    /// Extension lines without their line feed, each beginning with `x-`, sorted.
    public var extensions: [[UInt8]] = []

    /// Makes an empty channel to be filled.
    public init() {}

    /// The comment that second signatures cover; it follows from the document.
    public var trustedComment: [UInt8] {
        [UInt8]("martlet channel ".utf8) + name + [UInt8](" ".utf8) + target
            + [UInt8](" version:".utf8) + ManifestText.decimal(version)
    }

    /// Whether a device is among those that should take part.
    ///
    /// A device's place is the first 8 bytes, little-endian, of BLAKE2b-256(`martlet-rollout/1`,
    /// line feed, channel name, line feed, seed in decimal, line feed, device id), modulo 10,000;
    /// it takes part when that is below 100 times the percentage. Raising the percentage keeps
    /// those who take part already; another seed chooses others.
    ///
    /// - Parameter device: the bytes of the device's id.
    /// - Returns: Whether it takes part.
    public func includes(device: [UInt8]) -> Bool {
        var message = [UInt8]("martlet-rollout/1\n".utf8) + name
        message += [0x0A] + ManifestText.decimal(rolloutSeed) + [0x0A] + device
        let place = ByteReader(Sodium.blake2b(message)).u64(0) % 10_000
        return place < UInt64(rolloutPercent) * 100
    }
}

/// Limits of a channel.
public enum ChannelLimits {
    /// Bytes of the text: 64 bundles of 158 bytes and 16 extensions of 257 need fewer than 15,000.
    public static let textSizeMax = 16_384
    /// Bundles.
    public static let bundleCountMax = 64
}

/// A channel that enough channel keys signed.
///
/// Only `TrustedRoot` makes one. Whether it is fresh and not rolled back, `TrustState` judges.
public struct VerifiedChannel: Sendable, Equatable {
    /// The document.
    public let channel: Channel
    /// BLAKE2b-512 of its text.
    public let textHash: [UInt8]
    /// The version of the root whose keys signed it.
    public let rootVersion: UInt64
    /// The channel keys that signed it.
    public let signers: [PublicKey]

    fileprivate init(
        channel: Channel,
        textHash: [UInt8],
        rootVersion: UInt64,
        signers: [PublicKey]
    ) {
        self.rootVersion = rootVersion
        self.channel = channel
        self.textHash = textHash
        self.signers = signers
    }
}

extension TrustedRoot {
    /// Checks a channel's signatures against the channel role.
    ///
    /// - Parameter bytes: the file, of which nothing is believed.
    /// - Returns: The channel, of which it is not known yet whether it is fresh.
    /// - Throws: `TrustError`. The text is read after the threshold was met.
    public func channel(_ bytes: [UInt8]) throws(TrustError) -> VerifiedChannel {
        guard let role = root.channel else { throw .roleAbsent(.channel) }
        let document = try SignedDocument(decoding: bytes, kind: .channel)
        let signers = try document.signers(among: role)
        guard signers.count >= role.threshold else {
            throw .untrusted(
                .channel,
                rootVersion: root.version,
                validSignatures: signers.count,
                threshold: role.threshold
            )
        }
        let channel = try Channel(decoding: document.text)
        try document.checkComments(channel.trustedComment, among: role.keys.map { $0.key })
        return VerifiedChannel(
            channel: channel,
            textHash: document.envelope.textHash,
            rootVersion: root.version,
            signers: signers
        )
    }
}
