import BootControl

/// The bytes of a GUID Partition Table (UEFI specification 2.10, section 5.3).
///
/// ```
/// header   0 "EFI PART"   8 revision 1.0   12 size 92   16 CRC-32 of the header with 0 here
///         20 zero        24 this sector    32 the other header's sector
///         40 first usable sector           48 last usable sector          56 disk identifier
///         72 entries' sector               80 128 entries  84 of 128 bytes  88 CRC-32 of them
/// entry    0 type        16 identifier     32 first sector   40 last sector  48 attributes
///         56 name, 36 units of UTF-16 little endian
/// ```
enum GPTEncoding {
    static let entryCount = 128
    static let entrySize = 128
    static let headerSize = 92
    static let nameUnitCount = 36
    /// "EFI PART" and revision 1.0.
    static let signature: [UInt8] = Array("EFI PART".utf8) + [0, 0, 1, 0]
    private static let entrySectors = Int64(entryCount * entrySize) / DiskLayout.sectorSize
    /// Protective MBR, header and entries.
    static let primarySizeBytes = (2 + entrySectors) * DiskLayout.sectorSize
    /// Entries and header.
    static let backupSizeBytes = (entrySectors + 1) * DiskLayout.sectorSize

    static func segments(_ layout: DiskLayout, disk: GUID) -> [DiskSegment] {
        let sectors = layout.sizeBytes / DiskLayout.sectorSize
        let entries = entries(layout.partitions)
        func header(at sector: Int64, other: Int64, entriesAt: Int64) -> [UInt8] {
            var header = signature
            header.append(littleEndian: UInt64(headerSize), count: 4)
            header.append(littleEndian: 0, count: 8)
            for number in [
                sector, other, primarySizeBytes / DiskLayout.sectorSize,
                sectors - backupSizeBytes / DiskLayout.sectorSize - 1,
            ] { header.append(littleEndian: UInt64(number), count: 8) }
            header += disk.diskBytes
            header.append(littleEndian: UInt64(entriesAt), count: 8)
            header.append(littleEndian: UInt64(entryCount), count: 4)
            header.append(littleEndian: UInt64(entrySize), count: 4)
            header.append(littleEndian: UInt64(CRC32.sum(entries[...])), count: 4)
            var checksum: [UInt8] = []
            checksum.append(littleEndian: UInt64(CRC32.sum(header[...])), count: 4)
            header.replaceSubrange(16..<20, with: checksum)
            return header + [UInt8](repeating: 0, count: layout.sectorSize - headerSize)
        }
        let primary = header(at: 1, other: sectors - 1, entriesAt: 2)
        let backup = header(at: sectors - 1, other: 1, entriesAt: sectors - 1 - entrySectors)
        return [
            DiskSegment(
                offsetBytes: 0,
                bytes: MBREncoding.protective(sectors: sectors) + primary + entries
            ),
            DiskSegment(
                offsetBytes: layout.sizeBytes - backupSizeBytes,
                bytes: entries + backup
            ),
        ]
    }

    private static func entries(_ partitions: [PlacedPartition]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: entryCount * entrySize)
        for partition in partitions {
            guard case .gpt(let type) = partition.typeIdentifier else { continue }
            var entry = type.diskBytes
            entry += (partition.identifier ?? .zero).diskBytes
            for number in [partition.startBytes, partition.endBytes - DiskLayout.sectorSize] {
                entry.append(littleEndian: UInt64(number / DiskLayout.sectorSize), count: 8)
            }
            entry.append(littleEndian: partition.attributes, count: 8)
            for unit in partition.name.utf16.prefix(nameUnitCount) {
                entry.append(littleEndian: UInt64(unit), count: 2)
            }
            let offset = (partition.number - 1) * entrySize
            bytes.replaceSubrange(offset..<offset + entry.count, with: entry)
        }
        return bytes
    }
}

extension DiskLayout {
    /// The bytes of the table: of a GPT, the protective MBR with the primary at the start and the
    /// backup at the end; of an MBR, sector 0.
    public func tableSegments() -> [DiskSegment] {
        switch diskIdentifier {
        case .gpt(let disk): GPTEncoding.segments(self, disk: disk)
        case .mbr(let signature):
            [DiskSegment(offsetBytes: 0, bytes: MBREncoding.sector(self, signature: signature))]
        }
    }
}
