/// What a FAT costs, and between which sizes it can be made.
///
/// The kind is decided by the count of clusters alone (Microsoft's FAT specification 1.03, "FAT
/// Type Determination"): FAT16 has 4,085 to 65,524, FAT32 has 65,525 or more.
enum FAT {
    /// Sizes with clusters of 512 bytes to 32 KiB.
    static let sizes16: ClosedRange<Int64> =
        (4_085 + 2 * 16 + 32 + 8) * 512...65_524 * 32_768
    /// Sizes with clusters of 512 bytes and more, to the 2^32 sectors that the format counts.
    static let sizes32: ClosedRange<Int64> =
        (65_525 + 2 * 512 + 32 + 8) * 512...Int64(UInt32.max) * 512
    /// The boot sector, two tables of 4,085 entries of 2 bytes, the root directory.
    static let leastOverhead16Bytes: Int64 = (1 + 2 * 16 + 32) * 512
    /// The reserved sectors, two tables of 65,525 entries of 4 bytes, a cluster of directory.
    static let leastOverhead32Bytes: Int64 = (32 + 2 * 512 + 1) * 512
}

/// What an ext4 costs, and how small it may be.
enum Ext4 {
    /// 2,048 blocks of 4,096 bytes, the fewest that `mke2fs` gives a journal.
    static let sizes: ClosedRange<Int64> = 8 << 20...1 << 50

    /// At most this much is not free in an empty file system of `mke2fs -t ext4`.
    ///
    /// Journal by the steps of `ext2fs_default_journal_size` for blocks of 4,096 bytes, inodes of
    /// 256 bytes for each 8,192, and the same again halved for bitmaps and descriptors.
    static func overheadBytes(sizeBytes: Int64) -> Int64 {
        let journal: Int64 =
            switch sizeBytes >> 20 {
            case ..<128: 4 << 20
            case ..<1_024: 16 << 20
            case ..<2_048: 32 << 20
            case ..<16_384: 64 << 20
            case ..<32_768: 128 << 20
            default: 1 << 30
            }
        return journal + sizeBytes / 32 + sizeBytes / 64
    }
}
