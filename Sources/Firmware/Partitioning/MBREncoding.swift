/// The bytes of a Master Boot Record (UEFI specification 2.10, section 5.2).
///
/// ```
/// 0 boot code (none)   440 disk signature   444 zero   446 four entries of 16 bytes   510 55 AA
/// entry   0 active 0x80   1 first CHS   4 type   5 last CHS   8 first sector   12 sectors
/// ```
enum MBREncoding {
    static let entryCount = 4
    static let signatureOffset = 440
    static let entriesOffset = 446
    static let entrySize = 16
    /// The type of the entry that protects a GPT.
    static let protectiveType: UInt8 = 0xee
    /// The types of extended partitions.
    static let extendedTypes: Set<UInt8> = [0x05, 0x0f, 0x85]
    /// The first byte that 32-bit sector numbers do not reach, so that a count fits too.
    static let reachBytes = Int64(UInt32.max) * DiskLayout.sectorSize

    static func sector(_ layout: DiskLayout, signature: UInt32) -> [UInt8] {
        var entries = [UInt8](repeating: 0, count: entryCount * entrySize)
        for partition in layout.partitions {
            guard case .mbr(let type) = partition.typeIdentifier else { continue }
            let first = partition.startBytes / DiskLayout.sectorSize
            let count = partition.sizeBytes / DiskLayout.sectorSize
            let isActive = partition.attributes & PlacedPartition.legacyBootable != 0
            let entry = entry(
                active: isActive ? 0x80 : 0,
                type: type,
                first: first,
                count: count,
                places: (cylinderHeadSector(first), cylinderHeadSector(first + count - 1))
            )
            let offset = (partition.number - 1) * entrySize
            entries.replaceSubrange(offset..<offset + entrySize, with: entry)
        }
        return sector(signature: signature, entries: entries)
    }

    /// The MBR in front of a GPT: one entry over the whole disk, or as far as 32 bits count.
    static func protective(sectors: Int64) -> [UInt8] {
        let entry = entry(
            active: 0,
            type: protectiveType,
            first: 1,
            count: min(sectors - 1, Int64(UInt32.max)),
            places: (
                [0x00, 0x02, 0x00],
                sectors < cylinderEnd ? cylinderHeadSector(sectors - 1) : [0xff, 0xff, 0xff]
            )
        )
        let rest = [UInt8](repeating: 0, count: (entryCount - 1) * entrySize)
        return sector(signature: 0, entries: entry + rest)
    }

    private static func sector(signature: UInt32, entries: [UInt8]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: signatureOffset)
        bytes.append(littleEndian: UInt64(signature), count: 4)
        bytes.append(littleEndian: 0, count: 2)
        return bytes + entries + [0x55, 0xaa]
    }

    private static func entry(
        active: UInt8,
        type: UInt8,
        first: Int64,
        count: Int64,
        places: (first: [UInt8], last: [UInt8])
    ) -> [UInt8] {
        var entry = [active] + places.first + [type] + places.last
        entry.append(littleEndian: UInt64(first), count: 4)
        entry.append(littleEndian: UInt64(count), count: 4)
        return entry
    }

    /// A sector in the geometry of 255 heads and 63 sectors that the partitioning tools use; the
    /// last place that it counts to stands for all beyond.
    private static func cylinderHeadSector(_ sector: Int64) -> [UInt8] {
        guard sector < cylinderEnd else { return [0xfe, 0xff, 0xff] }
        let cylinder = sector / (255 * 63)
        let head = sector / 63 % 255
        return [
            UInt8(head), UInt8(sector % 63 + 1 | (cylinder >> 8 & 3) << 6),
            UInt8(truncatingIfNeeded: cylinder),
        ]
    }

    private static let cylinderEnd: Int64 = 1024 * 255 * 63
}
