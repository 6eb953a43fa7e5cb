/// Why partitions cannot be placed, or a partition table cannot be used.
public enum LayoutError: Error, Sendable, Hashable {
    // The profile.
    /// The profile has no disk.
    case noDisk(profile: String)
    /// Two partitions share bytes.
    case overlap(first: String, second: String)
    /// A partition starts before the first byte that the table leaves, or ends after the last.
    case outOfBounds(partition: String, startBytes: Int64, endBytes: Int64, usable: Range<Int64>)
    /// A partition's start or size is no multiple of 512.
    case notSectors(partition: String, startBytes: Int64, sizeBytes: Int64)
    /// A partition that grows is not the last.
    case growNotLast(partition: String)
    /// More partitions than the table holds.
    case tooManyPartitions(count: Int, limit: Int)

    // The media.
    /// The media is smaller than the table, or than what is on it.
    case mediaTooSmall(sizeBytes: Int64, neededBytes: Int64)
    /// The media's size is no multiple of 512, or beyond 2^60.
    case unusableMediaSize(sizeBytes: Int64)

    // A table that was read.
    /// The disk could not be read.
    case unreadable(offsetBytes: Int64, detail: String)
    /// There is no partition table.
    case noTable
    /// A header of a GPT cannot be used.
    case badHeader(sector: Int64, HeaderFault)
    /// Neither header of a GPT can be used.
    case bothHeadersBad(primary: HeaderFault, backup: HeaderFault)
    /// An entry uses what this reader does not, or ends before it starts.
    case badEntry(number: Int, EntryFault)

    /// What is wrong with a header of a GPT.
    public enum HeaderFault: Error, Sendable, Hashable {
        /// It is beyond the end of the media.
        case missing
        /// It does not begin with `EFI PART` and revision 1.0.
        case signature
        /// Its size is not 92...512.
        case size(Int)
        /// Its checksum differs.
        case headerChecksum
        /// The checksum of the entries differs.
        case entriesChecksum
        /// It says that it is at another place.
        case place(saidSector: UInt64)
        /// The other header's place cannot be.
        case alternate(saidSector: UInt64)
        /// The entries' count or size is not one that is read.
        case entries(count: UInt64, sizeBytes: UInt64)
        /// The entries overlap the header or the usable area.
        case entriesPlace(saidSector: UInt64)
        /// The usable area is empty or beyond the media.
        case usable(first: UInt64, last: UInt64)
    }

    /// What is wrong with an entry.
    public enum EntryFault: Sendable, Hashable {
        /// The entry's number is beyond those that are written, 128.
        case number
        /// The active flag is neither 0 nor 0x80.
        case activeFlag(UInt8)
        /// The type is an extended partition.
        case extended(UInt8)
        /// It ends before it starts, or has no size.
        case empty(first: UInt64, last: UInt64)
    }
}

extension LayoutError: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .noDisk(let profile): "the profile '\(profile)' has no disk"
        case .overlap(let first, let second): "partitions '\(first)' and '\(second)' overlap"
        case .outOfBounds(let partition, let start, let end, let usable):
            "partition '\(partition)' is at bytes \(start)..<\(end), outside the usable "
                + "\(usable.lowerBound)..<\(usable.upperBound)"
        case .notSectors(let partition, let start, let size):
            "partition '\(partition)' has the start \(start) and size \(size); both must be "
                + "multiples of 512, and the size more than 0"
        case .growNotLast(let partition):
            "partition '\(partition)' grows, but is not the last"
        case .tooManyPartitions(let count, let limit):
            "\(count) partitions, but the table holds \(limit)"
        case .mediaTooSmall(let size, let needed):
            "the media has \(size) bytes, but \(needed) are needed"
        case .unusableMediaSize(let size):
            "the media's size of \(size) bytes is no multiple of 512 up to 2^60"
        case .unreadable(let offset, let detail): "cannot read byte \(offset): \(detail)"
        case .noTable: "there is no partition table"
        case .badHeader(let sector, let fault): "the GPT header in sector \(sector): \(fault)"
        case .bothHeadersBad(let primary, let backup):
            "both GPT headers are damaged; primary: \(primary); backup: \(backup)"
        case .badEntry(let number, let fault): "partition entry \(number): \(fault)"
        }
    }
}

extension LayoutError.HeaderFault: CustomStringConvertible {
    /// What is wrong, in a few words.
    public var description: String {
        switch self {
        case .missing: "beyond the end of the media"
        case .signature: "no 'EFI PART' of revision 1.0"
        case .size(let size): "size \(size) is not 92...512"
        case .headerChecksum: "the header's checksum differs"
        case .entriesChecksum: "the entries' checksum differs"
        case .place(let sector): "says that it is in sector \(sector)"
        case .alternate(let sector): "says that the other header is in sector \(sector)"
        case .entries(let count, let size): "\(count) entries of \(size) bytes are not read"
        case .entriesPlace(let sector): "entries in sector \(sector) overlap something"
        case .usable(let first, let last): "usable sectors \(first)...\(last) cannot be"
        }
    }
}

extension LayoutError.EntryFault: CustomStringConvertible {
    /// What is wrong, in a few words.
    public var description: String {
        switch self {
        case .number: "the number is beyond 128"
        case .activeFlag(let flag): "the active flag is \(flag), neither 0 nor 128"
        case .extended(let type): "extended partitions (type \(type)) are not read"
        case .empty(let first, let last): "sectors \(first)...\(last) are no range"
        }
    }
}
