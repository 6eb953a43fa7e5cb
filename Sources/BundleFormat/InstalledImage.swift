// The installed image: what a device maps and runs. Little-endian.
//
//   0    magic "EIBIMG1" LF | u16 major 1 | u16 minor 0 | u32 section count 1...16
//   16   u64 image size | u32 header size 64 | zero to 64
//   64   section records of 64 bytes: u32 kind | u32 zero | u64 offset | u64 size | u64 alignment
//        | BLAKE2b-256 of the content
//   ..   zero to the first section; sections at multiples of 64 KiB in ascending order, zeros
//        between
//
// Invariants: 1. kinds ascend, each at most once. 2. Sections lie inside the image and do not
// overlap. 3. The image ends where its last section ends.

/// The kinds of section in an image.
public enum ImageSectionKind: UInt32, Sendable, CaseIterable {
    case program = 1, weights, scales, constants, golden, baseline
}

/// A section's place in an image.
public struct ImageSection: Sendable, Equatable {
    /// What the section holds.
    public let kind: ImageSectionKind
    /// The section's first byte in the image, and its size.
    public let offsetBytes: Int, sizeBytes: Int
    /// BLAKE2b-256 of the content.
    public let hash: [UInt8]
}

/// The section table of an image, with every offset proved once.
public struct InstalledImage: Sendable {
    static let headerSizeBytes = 64
    static let recordSizeBytes = 64
    static let sectionCountMax = 16
    static let alignmentBytes = 65_536
    static let magic = [UInt8]("EIBIMG1\n".utf8)

    /// The sections in the order of the image.
    public let sections: [ImageSection]

    /// Reads and proves the section table of an image whose hash was checked.
    ///
    /// - Parameter image: the whole image; it is read here and not kept.
    /// - Throws: `BundleError.imageMalformed` with the offset of the field at fault.
    public init(validating image: UnsafeRawBufferPointer) throws(BundleError) {
        let headSize =
            InstalledImage.headerSizeBytes
            + InstalledImage.sectionCountMax * InstalledImage.recordSizeBytes
        // Safe: the prefix is cut to the image's own count and copied.
        let head = unsafe [UInt8](image.prefix(headSize))
        guard head.count == headSize, image.count >= InstalledImage.alignmentBytes else {
            throw .imageMalformed(offsetBytes: 0)
        }
        let reader = ByteReader(head)
        guard [UInt8](head[0..<8]) == InstalledImage.magic, reader.u16(8) == 1, reader.u16(10) == 0
        else { throw .imageMalformed(offsetBytes: 0) }
        let count = Int(reader.u32(12))
        guard (1...InstalledImage.sectionCountMax).contains(count) else {
            throw .imageMalformed(offsetBytes: 12)
        }
        guard reader.u64(16) == UInt64(image.count),
            reader.u32(24) == UInt32(InstalledImage.headerSizeBytes),
            !head[28..<64].contains(where: { $0 != 0 })
        else { throw .imageMalformed(offsetBytes: 16) }
        sections = try InstalledImage.decode(head, count: count, imageSizeBytes: image.count)
    }

    private static func decode(
        _ head: [UInt8],
        count: Int,
        imageSizeBytes: Int
    ) throws(BundleError) -> [ImageSection] {
        var sections: [ImageSection] = []
        var end = alignmentBytes
        for index in 0..<count {
            let start = headerSizeBytes + index * recordSizeBytes
            let reader = ByteReader(head)
            guard let kind = ImageSectionKind(rawValue: reader.u32(start)),
                kind.rawValue > sections.last?.kind.rawValue ?? 0, reader.u32(start + 4) == 0,
                reader.u64(start + 24) == UInt64(alignmentBytes),
                let offset = Int(exactly: reader.u64(start + 8)),
                let size = Int(exactly: reader.u64(start + 16)),
                offset % alignmentBytes == 0, offset >= end, offset <= imageSizeBytes,
                size >= 1, size <= imageSizeBytes - offset
            else { throw .imageMalformed(offsetBytes: UInt64(start)) }
            let hash = [UInt8](head[start + 32..<start + 64])
            sections.append(
                ImageSection(kind: kind, offsetBytes: offset, sizeBytes: size, hash: hash)
            )
            end = offset + size
        }
        guard end == imageSizeBytes else { throw .imageMalformed(offsetBytes: 16) }
        return sections
    }

    /// A section's bytes inside the mapped image.
    ///
    /// - Parameters:
    ///   - kind: the section.
    ///   - image: the image that `init(validating:)` proved.
    /// - Returns: The section's part of `image`.
    /// - Throws: `BundleError.sectionMalformed` when the image has no such section.
    public func section(
        _ kind: ImageSectionKind,
        of image: UnsafeRawBufferPointer
    ) throws(BundleError) -> UnsafeRawBufferPointer {
        for section in sections where section.kind == kind {
            guard section.offsetBytes + section.sizeBytes <= image.count else { break }
            let range = section.offsetBytes..<section.offsetBytes + section.sizeBytes
            // Safe: the range was compared with the image's count above.
            return unsafe UnsafeRawBufferPointer(rebasing: image[range])
        }
        throw .sectionMalformed(kind)
    }

    /// Lays sections out as an image, on the host.
    ///
    /// - Parameter contents: non-empty sections in ascending order of their kinds.
    /// - Returns: The image's bytes.
    public static func encode(_ contents: [(kind: ImageSectionKind, bytes: [UInt8])]) -> [UInt8] {
        precondition((1...sectionCountMax).contains(contents.count))
        var offsets: [Int] = []
        var end = alignmentBytes
        for content in contents {
            precondition(!content.bytes.isEmpty)
            let offset = (end + alignmentBytes - 1) / alignmentBytes * alignmentBytes
            offsets.append(offset)
            end = offset + content.bytes.count
        }
        var writer = ByteWriter()
        writer.append(magic)
        writer.u16(1)
        writer.u16(0)
        writer.u32(UInt32(contents.count))
        writer.u64(UInt64(end))
        writer.u32(UInt32(headerSizeBytes))
        writer.zeros(until: headerSizeBytes)
        for (content, offset) in zip(contents, offsets) {
            writer.u32(content.kind.rawValue)
            writer.u32(0)
            writer.u64(UInt64(offset))
            writer.u64(UInt64(content.bytes.count))
            writer.u64(UInt64(alignmentBytes))
            writer.append(Sodium.blake2b(content.bytes))
        }
        for (content, offset) in zip(contents, offsets) {
            writer.zeros(until: offset)
            writer.append(content.bytes)
        }
        return writer.bytes
    }
}
