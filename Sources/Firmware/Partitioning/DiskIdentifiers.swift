import BundleFormat

/// The identifiers of a disk and its parts, derived from a seed so that two builds agree.
///
/// An identifier is the first bytes of
/// `BLAKE2b-256("martlet-id/1\n" + seed + "\n" + role + "\n" + name)`; one of 16 bytes has the
/// version 8 and the variant of RFC 9562. The roles are `disk`, `partition` and `filesystem`.
public struct DiskIdentifiers: Sendable, Hashable {
    private let seed: String

    /// Takes a profile's seed.
    public init(seed: String) {
        self.seed = seed
    }

    /// The identifier of a GPT disk.
    public var disk: GUID { guid(role: "disk", name: "") }

    /// The 4 bytes at offset 440 of an MBR, little endian; never zero.
    public var diskSignature: UInt32 { nonzero(role: "disk", name: "mbr") }

    /// The identifier of a partition.
    public func partition(_ name: String) -> GUID { guid(role: "partition", name: name) }

    /// The identifier of the file system in a partition.
    public func filesystem(_ name: String) -> GUID { guid(role: "filesystem", name: name) }

    /// The volume number of the FAT in a partition; never zero.
    public func fatVolume(_ name: String) -> UInt32 { nonzero(role: "filesystem", name: name) }

    private func guid(role: String, name: String) -> GUID {
        var bytes = Array(hash(role: role, name: name)[..<16])
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        return GUID(bytes: bytes)
    }

    private func nonzero(role: String, name: String) -> UInt32 {
        let bytes = hash(role: role, name: name)
        return max(1, bytes[..<4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }

    private func hash(role: String, name: String) -> [UInt8] {
        Sodium.blake2b(Array("martlet-id/1\n\(seed)\n\(role)\n\(name)".utf8))
    }
}
