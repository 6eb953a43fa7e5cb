/// Partitions at their places on a disk of one size.
///
/// ```
/// GPT (sectors of 512 bytes)
/// 0              1       2 ... 33   34 ...                      n-34   n-33 ... n-2   n-1
/// | protective | header | entries | partitions                       | entries     | header |
///
/// MBR
/// 0                    1 ...                                   min(n, 2^32)-1
/// | code, id, 4 entries | partitions                                         |
/// ```
/// Invariants, proved by every initialiser:
/// 1. partitions do not overlap and lie in the usable area, `usableBytes`;
/// 2. starts and sizes are multiples of 512, and no size is 0;
/// 3. numbers ascend within 1...128 in a GPT, and within 1...4 in an MBR;
/// 4. `sizeBytes` is a multiple of 512 and holds the table.
///
/// Only media with logical sectors of 512 bytes are described.
public struct DiskLayout: Sendable, Hashable {
    /// The kind of table.
    public let table: FirmwareProfile.TableKind
    /// The size of the disk in bytes; where a table was read, that of the disk it was made for.
    public let sizeBytes: Int64
    /// The disk's own identifier.
    public let diskIdentifier: DiskIdentifier
    /// The partitions in the order of their numbers.
    public let partitions: [PlacedPartition]
    /// Which copies of the table were good when it was read; `intact` for a layout of a profile.
    public let condition: TableCondition

    /// The size of a sector, in which both tables count.
    public static let sectorSize: Int64 = 512
    /// The size of a sector, in which both tables count.
    public var sectorSize: Int { Int(Self.sectorSize) }

    /// The bytes that partitions may use.
    public var usableBytes: Range<Int64> { Self.usableBytes(table, sizeBytes: sizeBytes) }

    init(
        table: FirmwareProfile.TableKind,
        sizeBytes: Int64,
        diskIdentifier: DiskIdentifier,
        partitions: [PlacedPartition],
        condition: TableCondition = .intact
    ) throws(LayoutError) {
        guard sizeBytes % Self.sectorSize == 0, (1...FirmwareProfile.sizeMax).contains(sizeBytes)
        else { throw .unusableMediaSize(sizeBytes: sizeBytes) }
        guard sizeBytes >= Self.smallestSizeBytes(table) else {
            throw .mediaTooSmall(
                sizeBytes: sizeBytes,
                neededBytes: Self.smallestSizeBytes(table)
            )
        }
        self.table = table
        self.sizeBytes = sizeBytes
        self.diskIdentifier = diskIdentifier
        self.partitions = partitions.sorted { $0.number < $1.number }
        self.condition = condition
        try checkPartitions()
    }

    private func checkPartitions() throws(LayoutError) {
        let usable = usableBytes
        guard partitions.count <= table.partitionCountMax else {
            throw .tooManyPartitions(count: partitions.count, limit: table.partitionCountMax)
        }
        for partition in partitions {
            let start = partition.startBytes
            let size = partition.sizeBytes
            guard start % Self.sectorSize == 0, size % Self.sectorSize == 0, size > 0 else {
                throw .notSectors(partition: partition.label, startBytes: start, sizeBytes: size)
            }
            let (end, overflow) = start.addingReportingOverflow(size)
            guard !overflow, start >= usable.lowerBound, end <= usable.upperBound else {
                throw .outOfBounds(
                    partition: partition.label,
                    startBytes: start,
                    endBytes: overflow ? .max : end,
                    usable: usable
                )
            }
        }
        let ordered = partitions.sorted { $0.startBytes < $1.startBytes }
        for (first, second) in zip(ordered, ordered.dropFirst())
        where first.endBytes > second.startBytes {
            throw .overlap(first: first.label, second: second.label)
        }
    }

    static func usableBytes(
        _ table: FirmwareProfile.TableKind,
        sizeBytes: Int64
    ) -> Range<Int64> {
        switch table {
        case .gpt:
            let last = sizeBytes - GPTEncoding.backupSizeBytes
            return GPTEncoding.primarySizeBytes..<max(last, GPTEncoding.primarySizeBytes)
        case .mbr:
            return sectorSize..<max(sectorSize, min(sizeBytes, MBREncoding.reachBytes))
        }
    }

    /// The smallest disk for a table: it and one sector that a partition may use.
    static func smallestSizeBytes(_ table: FirmwareProfile.TableKind) -> Int64 {
        switch table {
        case .gpt: GPTEncoding.primarySizeBytes + sectorSize + GPTEncoding.backupSizeBytes
        case .mbr: 2 * sectorSize
        }
    }
}

/// The identifier of a disk in its table.
public enum DiskIdentifier: Sendable, Hashable {
    /// The disk's identifier in a GPT.
    case gpt(GUID)
    /// The 4 bytes at offset 440 of an MBR, little endian.
    case mbr(UInt32)
}

/// Which copies of a table were good when it was read.
public enum TableCondition: Sendable, Hashable {
    /// All copies.
    case intact
    /// The primary GPT was damaged, and the backup was read.
    case primaryDamaged(LayoutError.HeaderFault)
    /// The backup GPT is damaged, and the primary was read.
    case backupDamaged(LayoutError.HeaderFault)
}

/// A partition at its place.
public struct PlacedPartition: Sendable, Hashable {
    /// The number from 1, as in `/dev/sda1`.
    public let number: Int
    /// The name; empty where the table has none.
    public let name: String
    /// What it is for; nil where a table was read whose type does not say it.
    public let kind: PartitionKind?
    /// The first byte.
    public let startBytes: Int64
    /// The size in bytes.
    public internal(set) var sizeBytes: Int64
    /// The type in the table.
    public let typeIdentifier: PartitionType
    /// The partition's own identifier; nil in an MBR.
    public let identifier: GUID?
    /// The attribute bits of a GPT entry; in an MBR, bit 2 is the active flag.
    public let attributes: UInt64

    /// The attribute bit of a partition that a legacy BIOS or U-Boot boots from.
    public static let legacyBootable: UInt64 = 1 << 2

    /// The byte after the last.
    public var endBytes: Int64 { startBytes + sizeBytes }

    /// The name, or the number where there is none, for messages.
    var label: String { name.isEmpty ? "\(number)" : name }
}

extension FirmwareProfile.TableKind {
    /// The most partitions that are written.
    var partitionCountMax: Int { self == .gpt ? GPTEncoding.entryCount : MBREncoding.entryCount }
}
