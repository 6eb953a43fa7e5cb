// A block map says which blocks of an image must be written to a device; the others may hold
// anything. The file is XML of version 2.0, as bmap-tools writes and reads it:
//
//   <bmap version="2.0">
//     <ImageSize> bytes </ImageSize> <BlockSize> bytes </BlockSize>
//     <BlocksCount> n </BlocksCount> <MappedBlocksCount> n </MappedBlocksCount>
//     <ChecksumType> sha256 </ChecksumType>
//     <BmapFileChecksum> SHA-256 of this file with 64 zeros in this place </BmapFileChecksum>
//     <BlockMap> <Range chksum="hex"> first-last </Range> <Range chksum="hex"> only </Range> ...
//
// Invariants, which reading proves and `init` demands:
// 1. ranges are in order, do not touch each other's blocks, and end within the image;
// 2. the checksum of a range covers its bytes up to the end of the image;
// 3. the file's own checksum is right.

/// Which blocks of an image must be written to a device, and their checksums.
public struct BlockMap: Sendable, Hashable {
    /// Neighbouring blocks that must be written.
    public struct Range: Sendable, Hashable {
        /// The first block, from 0.
        public let firstBlock: Int64
        /// The last block, itself included.
        public let lastBlock: Int64
        /// SHA-256 of the blocks' bytes, 32 bytes.
        public let sha256: [UInt8]

        /// Makes a range of its parts.
        public init(firstBlock: Int64, lastBlock: Int64, sha256: [UInt8]) {
            self.firstBlock = firstBlock
            self.lastBlock = lastBlock
            self.sha256 = sha256
        }
    }

    /// The size of the image in bytes.
    public let imageSizeBytes: Int64
    /// The size of a block in bytes; the image's last block may be shorter.
    public let blockSizeBytes: Int64
    /// The blocks to be written, in their order.
    public let ranges: [Range]

    /// Images are mapped in pages.
    public static let blockSizeBytes: Int64 = 4_096
    /// A map of 65,536 ranges has 8 MiB of text; our images have a few dozen.
    public static let rangeCountMax = 65_536
    /// The longest text that is read.
    public static let textSizeMax = 16 << 20
    /// The largest image: 8 EiB less what sums need.
    public static let imageSizeMax: Int64 = 1 << 62

    /// Makes a map.
    ///
    /// - Parameters:
    ///   - imageSizeBytes: the size of the image, above 0.
    ///   - blockSizeBytes: a power of two, 512 to 1 MiB.
    ///   - ranges: the blocks to be written.
    /// - Throws: `BlockMapError` when an invariant is broken.
    public init(
        imageSizeBytes: Int64,
        blockSizeBytes: Int64 = BlockMap.blockSizeBytes,
        ranges: [Range]
    ) throws(BlockMapError) {
        guard (1...BlockMap.imageSizeMax).contains(imageSizeBytes) else {
            throw .valueOutOfRange(element: "ImageSize", value: imageSizeBytes)
        }
        guard (512...1_048_576).contains(blockSizeBytes), blockSizeBytes.nonzeroBitCount == 1 else {
            throw .valueOutOfRange(element: "BlockSize", value: blockSizeBytes)
        }
        guard ranges.count <= BlockMap.rangeCountMax else {
            throw .tooManyRanges(limit: BlockMap.rangeCountMax)
        }
        let blockCount = (imageSizeBytes - 1) / blockSizeBytes + 1
        var next: Int64 = 0
        for range in ranges {
            let isSound =
                range.firstBlock >= next && range.lastBlock >= range.firstBlock
                && range.lastBlock < blockCount && range.sha256.count == 32
            guard isSound else {
                throw .rangeRefused(firstBlock: range.firstBlock, lastBlock: range.lastBlock)
            }
            next = range.lastBlock + 1
        }
        self.imageSizeBytes = imageSizeBytes
        self.blockSizeBytes = blockSizeBytes
        self.ranges = ranges
    }

    /// Blocks of the image, the last one perhaps cut short.
    public var blockCount: Int64 { (imageSizeBytes - 1) / blockSizeBytes + 1 }

    /// Blocks that must be written.
    public var mappedBlockCount: Int64 {
        ranges.reduce(0) { $0 + ($1.lastBlock - $1.firstBlock + 1) }
    }

    /// The bytes of a range: its first offset, and the one after its last.
    public func byteRange(of range: Range) -> Swift.Range<Int64> {
        let start = range.firstBlock * blockSizeBytes
        return start..<min(imageSizeBytes, (range.lastBlock + 1) * blockSizeBytes)
    }
}

/// Why a block map is refused.
public enum BlockMapError: Error, Sendable, Hashable {
    /// The text is longer than the limit.
    case tooLong(sizeBytes: Int, limitBytes: Int)
    /// The text breaks the form at a byte.
    case malformed(expected: String, offsetBytes: Int)
    /// A number is outside what the element may hold.
    case valueOutOfRange(element: String, value: Int64)
    /// Two numbers of the file contradict each other.
    case countMismatch(element: String, stated: Int64, actual: Int64)
    /// The file's own checksum is wrong: the map was changed or damaged.
    case checksumMismatch
    /// A range lies outside the image, before its predecessor, or has no checksum.
    case rangeRefused(firstBlock: Int64, lastBlock: Int64)
    /// There are more ranges than the limit.
    case tooManyRanges(limit: Int)
}

extension BlockMapError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .tooLong(let size, let limit): "the block map has \(size) of at most \(limit) bytes"
        case .malformed(let expected, let offset):
            "the block map has no \(expected) at byte \(offset)"
        case .valueOutOfRange(let element, let value):
            "the block map's \(element) of \(value) is out of its range"
        case .countMismatch(let element, let stated, let actual):
            "the block map's \(element) says \(stated), but it is \(actual)"
        case .checksumMismatch: "the block map's own checksum is wrong"
        case .rangeRefused(let first, let last):
            "the block map's range \(first)-\(last) is out of order or outside the image"
        case .tooManyRanges(let limit): "the block map has more than \(limit) ranges"
        }
    }
}
