// The document that says which keys may sign what: ASCII lines `key SP value LF` in a fixed order.
//
//   eib-root/1
//   version N                     created N (Unix seconds)     not-after N (Unix seconds, 0: never)
//   role root THRESHOLD           then 1...16 lines `key HEX32 NAME`, sorted
//   role release THRESHOLD        then 1...16 lines `key HEX32 NAME`, sorted
//   role channel THRESHOLD        (or absent) then keys as above
//   role delta THRESHOLD          (or absent) then keys as above
//   revoked-key HEX32             (0...256 lines, sorted)
//   revoked-content HEX32         (0...1024 lines, sorted)
//   x-NAME TEXT                   (extensions that readers may ignore, 0...16 lines, sorted)
//
// Invariants: 1. decoding and encoding again gives the same bytes. 2. A key stands in one role and
// once there, and a name belongs to one key. 3. 1 <= threshold <= number of the role's keys. 4. A
// revoked key has no role. 5. Keys are canonically encoded. 6. Versions begin at 1; the time of
// creation is not after the end.

/// A key and the name by which people know it.
public struct RootKey: Sendable, Equatable {
    /// The key.
    public var key: PublicKey
    /// `a`...`z`, `0`...`9`, `.`, `_`, `-`; one key has it in a root.
    public var name: [UInt8]

    /// Makes a named key.
    public init(key: PublicKey, name: [UInt8]) {
        self.key = key
        self.name = name
    }
}

/// The keys of a role and how many of them must sign.
public struct RootRole: Sendable, Equatable {
    /// How many distinct keys must have signed.
    public var threshold: Int
    /// The keys, sorted by their bytes.
    public var keys: [RootKey]

    /// Makes a role.
    public init(threshold: Int, keys: [RootKey]) {
        self.threshold = threshold
        self.keys = keys
    }

    /// Whether a document that some keys of this role signed could satisfy another role too.
    func canSatisfy(_ other: RootRole?) -> Bool {
        guard let other else { return false }
        var count = 0
        for entry in keys where other.keys.contains(where: { $0.key == entry.key }) { count += 1 }
        return count >= other.threshold
    }
}

/// Which keys may sign what, and what is believed no more.
public struct Root: Sendable, Equatable {
    /// The number in the sequence of roots, from 1.
    public var version: UInt64 = 1
    /// When the document was made, in Unix seconds.
    public var created: UInt64 = 0
    /// After this time, in Unix seconds, nothing new is accepted under this root; 0 means never.
    public var notAfter: UInt64 = 0
    /// The keys that sign roots and releases.
    public var root: RootRole, release: RootRole
    /// The keys that sign channels and deltas; `nil` when nobody may.
    public var channel: RootRole?, delta: RootRole?
    /// Keys that may never have a role again, sorted by their bytes.
    public var revokedKeys: [PublicKey] = []
    /// BLAKE2b-256 of images that are not accepted any more, sorted.
    public var revokedContents: [[UInt8]] = []
    /// Extension lines without their line feed, each beginning with `x-`, sorted.
    public var extensions: [[UInt8]] = []

    /// Makes a first root without end; the caller's values are checked when it is decoded.
    public init(root: RootRole, release: RootRole) {
        self.root = root
        self.release = release
    }

    /// A role's keys and threshold; `nil` when the role is absent.
    public subscript(role: SigningRole) -> RootRole? {
        get {
            switch role {
            case .root: root
            case .release: release
            case .channel: channel
            case .delta: delta
            }
        }
        set {
            switch role {
            case .root: root = newValue ?? root
            case .release: release = newValue ?? release
            case .channel: channel = newValue
            case .delta: delta = newValue
            }
        }
    }

    /// Whether a key may have these bytes as its name.
    public static func isName(_ bytes: [UInt8]) -> Bool { ManifestText.isName(bytes) }

    /// The comment that second signatures cover; it follows from the document.
    public var trustedComment: [UInt8] {
        [UInt8]("martlet root version:".utf8) + ManifestText.decimal(version)
    }
}

/// Limits of a root.
public enum RootLimits {
    /// Bytes of the text: 64 keys, 256 revoked keys, 1,024 revoked contents and the extensions need
    /// fewer than 120,000.
    public static let textSizeMax = 131_072
    /// Keys of a role: as many as an envelope has slots.
    public static let keyCountMax = Envelope.slotCountMax
    /// Revoked keys.
    public static let revokedKeyCountMax = 256
    /// Revoked contents.
    public static let revokedContentCountMax = 1_024
    /// Roots that one walk may pass: a rotation a day for almost three years.
    public static let stepCountMax = 1_024
}
