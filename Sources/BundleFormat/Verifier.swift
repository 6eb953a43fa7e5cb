// The order of checks, from which nothing may deviate:
//
//   size limits -> envelope header (one constant) -> envelope fields -> manifest hash -> signatures
//   -> manifest text -> revoked content -> target and ABI -> all tar headers and padding -> chunk
//   table hash -> each chunk: stored hash, decode, plain hash -> image hash -> metadata hashes
//   -> end of file
//
// Invariant: no byte is interpreted before a trusted signature covers it, except the envelope's
// fixed fields; and every byte of the file is compared, hashed or required to be zero.

/// The keys whose signatures count, and how many of them are needed.
public struct TrustedKeys: Sendable {
    /// Distinct release keys, 1 to 16.
    public let releaseKeys: [PublicKey]
    /// How many distinct keys must have signed.
    public let threshold: Int
    /// Content ids that no signature makes acceptable, as a root document lists them.
    public let revokedContents: [[UInt8]]

    /// Makes a set of trusted keys; `nil` when it is empty, too large, holds a key twice, or the
    /// threshold cannot be met.
    public init?(
        releaseKeys: [PublicKey],
        threshold: Int = 1,
        revokedContents: [[UInt8]] = []
    ) {
        guard (1...Envelope.slotCountMax).contains(releaseKeys.count),
            (1...releaseKeys.count).contains(threshold)
        else { return nil }
        for (index, key) in releaseKeys.enumerated() {
            for other in releaseKeys[..<index] where other.bytes == key.bytes { return nil }
        }
        self.releaseKeys = releaseKeys
        self.threshold = threshold
        self.revokedContents = revokedContents
    }
}

/// What a reader accepts besides the signature.
public struct AcceptedTarget: Sendable {
    /// The architecture that a target line must name; `nil` accepts any (on a host).
    public var architecture: [UInt8]?
    /// The version of the `Program` format that the reader runs.
    public var runtimeAbi: UInt32
    /// The largest image that the reader takes.
    public var imageSizeMax: UInt64

    /// Makes a description of what is accepted.
    public init(
        architecture: [UInt8]?,
        runtimeAbi: UInt32,
        imageSizeMax: UInt64 = ManifestLimits.imageSizeMax
    ) {
        self.architecture = architecture
        self.runtimeAbi = runtimeAbi
        self.imageSizeMax = imageSizeMax
    }
}

/// A bundle of which nothing is known yet.
public struct UnverifiedBundle<Source: BundleSource> {
    var source: Source

    /// Wraps a source of bytes.
    public init(_ source: Source) { self.source = source }
}

/// A bundle of which every byte was checked.
///
/// Only `Verifier` makes one.
public struct VerifiedBundle: Sendable {
    /// The signed text.
    public let manifest: Manifest
    /// Where everything lies in the file.
    public let layout: BundleLayout
    /// The trusted keys that signed.
    public let signers: [PublicKey]
    /// The signatures as they are in the envelope.
    public let slots: [SignatureSlot]

    fileprivate init(
        manifest: Manifest,
        layout: BundleLayout,
        signers: [PublicKey],
        slots: [SignatureSlot]
    ) {
        self.manifest = manifest
        self.layout = layout
        self.signers = signers
        self.slots = slots
    }

    /// The image's place in the bundle when it is stored as it is; `nil` when it is compressed.
    public var mappableImageOffset: UInt64? {
        guard manifest.codec == .none else { return nil }
        for placement in layout.placements where placement.member == .payload {
            return placement.contentOffset
        }
        return nil
    }
}

/// Checks bundles.
public enum Verifier {
    /// Checks a whole bundle and hands its image to a sink.
    ///
    /// Memory use is the manifest, the chunk table and two chunks. The sink sees each chunk after
    /// its own checks, but must not make the image visible before this call returns.
    ///
    /// - Parameters:
    ///   - bundle: the bytes, of which nothing is believed.
    ///   - trusted: the keys whose signatures count.
    ///   - accepted: what this reader can use.
    ///   - sink: receives the image.
    /// - Returns: What is known of the bundle now.
    /// - Throws: `BundleError`, the first rule that is broken.
    public static func verify<Source: BundleSource, Sink: ImageSink>(
        _ bundle: inout UnverifiedBundle<Source>,
        trusted: TrustedKeys,
        accepted: AcceptedTarget,
        sink: inout Sink
    ) throws(BundleError) -> VerifiedBundle {
        var reader = MemberReader(source: bundle.source)
        defer { bundle.source = reader.source }
        let envelope = try reader.envelope()
        let text = try reader.manifestText(envelope)
        let signers = try envelope.signers(among: trusted.releaseKeys)
        guard signers.count >= trusted.threshold else {
            throw .untrusted(validSignatures: signers.count, threshold: trusted.threshold)
        }
        let manifest = try Manifest(decoding: text)
        try envelope.checkComments(manifest.trustedComment, among: trusted.releaseKeys)
        guard !trusted.revokedContents.contains(manifest.contentID) else { throw .contentRevoked }
        try check(manifest, against: accepted)
        let layout = BundleLayout(manifest: manifest, manifestSizeBytes: text.count)
        try reader.checkStructure(layout)
        try PayloadReader.copyImage(of: manifest, layout: layout, from: &reader, to: &sink)
        try reader.checkMetadata(manifest, layout: layout)
        return VerifiedBundle(
            manifest: manifest,
            layout: layout,
            signers: signers,
            slots: envelope.slots
        )
    }

    private static func check(
        _ manifest: Manifest,
        against accepted: AcceptedTarget
    ) throws(BundleError) {
        guard manifest.runtimeAbi == accepted.runtimeAbi else {
            throw .runtimeAbiMismatch(needed: manifest.runtimeAbi, present: accepted.runtimeAbi)
        }
        if let architecture = accepted.architecture {
            var isAccepted = false
            for target in manifest.targets where target.architecture == architecture {
                isAccepted = true
            }
            guard isAccepted else { throw .wrongTarget }
        }
        guard manifest.imageSizeBytes <= accepted.imageSizeMax else {
            throw .overLimit(
                .image,
                sizeBytes: manifest.imageSizeBytes,
                limitBytes: accepted.imageSizeMax
            )
        }
    }
}
