// The signed text of a bundle: ASCII lines `key SP value LF` in a fixed order.
//
//   eib-manifest/1
//   name NAME                     version TEXT              counter N          floor N
//   created N (Unix seconds, 0 when the build is to be reproducible)     not-after N (0: never)
//   target ARCH TIER              (1...16 lines, sorted)
//   hw-revision MIN MAX           runtime-abi N
//   operator NAME                 (0...64 lines, sorted)
//   ram-peak N    arena N    latency-budget N (microseconds, 0: none)
//   image-size N    image-hash HEX32    codec zstd|none    chunk-size N
//   table-size N    table-hash HEX32    payload-size N     payload-hash HEX32
//   selftest-count N    selftest-hash HEX32 (BLAKE2b-256 of the golden outputs)
//   base HEX32                    (at most one line)
//   file NAME SIZE HEX32          (metadata, 0...64 lines, sorted by name)
//   x-NAME TEXT                   (extensions that readers may ignore, 0...16 lines, sorted)
//
// Invariants: 1. decoding and encoding again gives the same bytes, so there is one text for one
// manifest. 2. A key that is not listed is refused, but for `x-`. 3. Text values hold the
// characters `!`...`~` only; names hold `a`...`z`, `0`...`9`, `.`, `_`, `-`.

/// How a bundle stores its image.
public enum PayloadCodec: UInt8, Sendable {
    /// One zstd frame a chunk, in the member `image.zst`.
    case zstd
    /// The image itself, at a multiple of 64 KiB in the bundle.
    case none
}

/// A kind of device that a bundle may run on.
public struct BundleTarget: Sendable, Equatable {
    /// The architecture: `x86_64`, `aarch64`, `armv7hf`, `riscv64`.
    public var architecture: [UInt8]
    /// The kernel tier that the weights are laid out for.
    public var tier: [UInt8]

    /// Makes a target from its two words.
    public init(architecture: [UInt8], tier: [UInt8]) {
        self.architecture = architecture
        self.tier = tier
    }
}

/// A metadata file of a bundle.
public struct BundleFile: Sendable, Equatable {
    /// The name below `meta/`.
    public var name: [UInt8]
    /// The size in bytes.
    public var sizeBytes: UInt64
    /// BLAKE2b-256 of the content.
    public var hash: [UInt8]

    /// Makes a description of a metadata file.
    public init(name: [UInt8], sizeBytes: UInt64, hash: [UInt8]) {
        self.name = name
        self.sizeBytes = sizeBytes
        self.hash = hash
    }
}

/// What a bundle says of itself, under the signature.
public struct Manifest: Sendable, Equatable {
    /// The product's name.
    public var name: [UInt8] = []
    /// The version for people; never compared.
    public var version: [UInt8] = []
    /// Orders the releases of one name; never decreases.
    public var counter: UInt64 = 0
    /// The lowest counter that a device may still run after this bundle is confirmed.
    public var floor: UInt64 = 0
    /// When the bundle was made, in Unix seconds; 0 in reproducible builds.
    public var created: UInt64 = 0
    /// After this time, in Unix seconds, the bundle is not installed any more; 0 means never.
    public var notAfter: UInt64 = 0
    /// The kinds of device that may run it.
    public var targets: [BundleTarget] = []
    /// The lowest and highest hardware revision that may run it.
    public var hardwareRevisionMin: UInt32 = 0, hardwareRevisionMax: UInt32 = .max
    /// The version of the `Program` format that the image needs.
    public var runtimeAbi: UInt32 = 0
    /// The operators that the program uses, sorted.
    public var operators: [[UInt8]] = []
    /// The peak memory of model, arena and agent, and of the arena alone, in bytes.
    public var ramPeakBytes: UInt64 = 0, arenaBytes: UInt64 = 0
    /// The latency that the target profile allows, in microseconds; 0 means no budget.
    public var latencyBudgetMicroseconds: UInt64 = 0
    /// The installed image's size and BLAKE2b-256.
    ///
    /// The hash is the content id.
    public var imageSizeBytes: UInt64 = 0, imageHash: [UInt8] = []
    /// How the image is stored.
    public var codec: PayloadCodec = .zstd
    /// The plain size of every chunk but the last.
    public var chunkSizeBytes: UInt32 = 0
    /// The chunk table's size and BLAKE2b-256.
    public var tableSizeBytes: UInt64 = 0, tableHash: [UInt8] = []
    /// The stored payload's size and BLAKE2b-256.
    public var payloadSizeBytes: UInt64 = 0, payloadHash: [UInt8] = []
    /// The number of golden vectors and the BLAKE2b-256 of their outputs.
    public var selfTestCount: UInt32 = 0, selfTestHash: [UInt8] = []
    /// The content id that a chained bundle builds on.
    public var base: [UInt8]?
    /// The metadata files, sorted by name.
    public var files: [BundleFile] = []
    /// Extension lines without their line feed, each beginning with `x-`, sorted.
    public var extensions: [[UInt8]] = []

    /// Makes an empty manifest to be filled.
    public init() {}

    /// The name of the installed image: its hash, independent of how it was compressed.
    public var contentID: [UInt8] { imageHash }

    /// The comment that the second signature covers; it follows from the manifest.
    public var trustedComment: [UInt8] {
        [UInt8]("martlet ".utf8) + name + [UInt8](" ".utf8) + version
            + [UInt8](" counter:".utf8) + ManifestText.decimal(counter)
    }
}

/// Limits of a manifest.
public enum ManifestLimits {
    /// Bytes of a name, a version or an extension line.
    public static let textSizeMax = 64
    /// Bytes of an extension line.
    public static let extensionSizeMax = 256
    /// Target lines.
    public static let targetCountMax = 16
    /// Operator lines; the runtime has fewer operators.
    public static let operatorCountMax = 64
    /// Metadata files.
    public static let fileCountMax = 64
    /// Extension lines.
    public static let extensionCountMax = 16
    /// Bytes of one metadata file.
    public static let fileSizeMax: UInt64 = 64 << 20
    /// Bytes of the image: the chunk table's rows at the largest chunk size.
    public static let imageSizeMax: UInt64 = 4 << 30
    /// Bytes of a chunk, and the lowest.
    public static let chunkSizes: ClosedRange<UInt32> = 16_384...1_048_576
}
