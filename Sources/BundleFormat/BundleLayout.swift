// Where everything lies in a bundle. The manifest's size and its text determine every offset:
//
//   header "eib/envelope"   4096 bytes
//   header "eib/manifest"   manifest, zero to 512
//   header "eib/chunks"     table, zero to 512
//   codec zstd: header "image.zst"   frames, zero to 512
//   codec none: header "eib/pad"     zeros up to the block before the next multiple of 64 KiB
//               header "image"       image, zero to 512
//   header "meta/NAME"      file, zero to 512         (for each file)
//   1024 zero bytes, end of file

/// One member of a bundle.
public struct BundlePlacement: Sendable, Equatable {
    /// The member's kind.
    public let member: BundleMember
    /// The name in the tar header.
    public let name: [UInt8]
    /// Where the header begins.
    public let headerOffset: UInt64
    /// The content's size in bytes.
    public let sizeBytes: UInt64

    /// Where the content begins.
    public var contentOffset: UInt64 { headerOffset + UInt64(Tar.blockSizeBytes) }
    /// Where the next header begins.
    var endOffset: UInt64 { contentOffset + Tar.paddedSize(sizeBytes) }
}

/// The places of all members, in the order of the file.
public struct BundleLayout: Sendable, Equatable {
    /// The members in the order of the file.
    public private(set) var placements: [BundlePlacement] = []

    /// The size of the whole bundle in bytes.
    public var bundleSizeBytes: UInt64 {
        (placements.last?.endOffset ?? 0) + UInt64(Tar.trailerSizeBytes)
    }

    /// Where the manifest begins; the same in every bundle.
    public static let manifestOffset = UInt64(
        Tar.blockSizeBytes + Envelope.sizeBytes + Tar.blockSizeBytes
    )
    /// The alignment of an uncompressed image in its bundle and of sections in an image: the
    /// largest page size of the supported devices.
    public static let imageAlignmentBytes: UInt64 = 65_536

    /// Computes the places from a manifest and the size of its text.
    public init(manifest: Manifest, manifestSizeBytes: Int) {
        add(.envelope, "eib/envelope", UInt64(Envelope.sizeBytes))
        add(.manifest, "eib/manifest", UInt64(manifestSizeBytes))
        add(.chunkTable, "eib/chunks", manifest.tableSizeBytes)
        switch manifest.codec {
        case .zstd: add(.payload, "image.zst", manifest.payloadSizeBytes)
        case .none:
            add(.padding, "eib/pad", BundleLayout.padSize(after: placements.last?.endOffset ?? 0))
            add(.payload, "image", manifest.payloadSizeBytes)
        }
        for file in manifest.files {
            place(.metadata, [0x6D, 0x65, 0x74, 0x61, 0x2F] + file.name, file.sizeBytes)
        }
    }

    /// The size of `eib/pad` that puts the image on its alignment.
    private static func padSize(after offset: UInt64) -> UInt64 {
        let imageOffset = offset + 2 * UInt64(Tar.blockSizeBytes)
        let rest = imageOffset % imageAlignmentBytes
        return rest == 0 ? 0 : imageAlignmentBytes - rest
    }

    private mutating func add(_ member: BundleMember, _ name: StaticString, _ sizeBytes: UInt64) {
        var bytes: [UInt8] = []
        name.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        place(member, bytes, sizeBytes)
    }

    private mutating func place(_ member: BundleMember, _ name: [UInt8], _ sizeBytes: UInt64) {
        let placement = BundlePlacement(
            member: member,
            name: name,
            headerOffset: placements.last?.endOffset ?? 0,
            sizeBytes: sizeBytes
        )
        placements.append(placement)
    }
}
