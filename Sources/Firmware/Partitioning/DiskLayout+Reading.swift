extension DiskLayout {
    /// Reads the partition table of a disk, which may hold anything.
    ///
    /// A GPT is read where the MBR has an entry of type 0xEE. A damaged primary is replaced by the
    /// backup in the last sector, and ``condition`` says so; nothing is repaired on the disk.
    ///
    /// - Throws: `LayoutError` when there is no table, or one that breaks an invariant.
    public init(reading disk: some ReadableDisk) throws(LayoutError) {
        let sectors = disk.sizeBytes / Self.sectorSize
        guard sectors >= 1 else {
            throw .mediaTooSmall(sizeBytes: disk.sizeBytes, neededBytes: Self.sectorSize)
        }
        guard disk.sizeBytes <= FirmwareProfile.sizeMax else {
            throw .unusableMediaSize(sizeBytes: disk.sizeBytes)
        }
        let sector = try Self.bytes(of: disk, at: 0, count: Int(Self.sectorSize))
        guard sector[510] == 0x55, sector[511] == 0xaa else { throw .noTable }
        let entries = (0..<MBREncoding.entryCount).map { index in
            Array(sector[MBREncoding.entriesOffset + index * MBREncoding.entrySize..<510])
        }
        if entries.contains(where: { $0[4] == MBREncoding.protectiveType }) {
            self = try GPTReading.layout(disk, sectors: sectors)
            return
        }
        var partitions: [PlacedPartition] = []
        for (index, entry) in entries.enumerated() where entry[4] != 0 {
            partitions.append(try Self.partition(entry, number: index + 1))
        }
        let signature = sector.littleEndian(at: MBREncoding.signatureOffset, count: 4)
        try self.init(
            table: .mbr,
            sizeBytes: sectors * Self.sectorSize,
            diskIdentifier: .mbr(UInt32(signature)),
            partitions: partitions
        )
    }

    private static func partition(
        _ entry: [UInt8],
        number: Int
    ) throws(LayoutError) -> PlacedPartition {
        guard entry[0] == 0 || entry[0] == 0x80 else {
            throw .badEntry(number: number, .activeFlag(entry[0]))
        }
        guard !MBREncoding.extendedTypes.contains(entry[4]) else {
            throw .badEntry(number: number, .extended(entry[4]))
        }
        let first = entry.littleEndian(at: 8, count: 4)
        let count = entry.littleEndian(at: 12, count: 4)
        guard count > 0 else {
            throw .badEntry(number: number, .empty(first: first, last: first))
        }
        return PlacedPartition(
            number: number,
            name: "",
            kind: entry[4] == 0xef ? .efiSystem : nil,
            startBytes: Int64(first) * sectorSize,
            sizeBytes: Int64(count) * sectorSize,
            typeIdentifier: .mbr(entry[4]),
            identifier: nil,
            attributes: entry[0] == 0x80 ? PlacedPartition.legacyBootable : 0
        )
    }

    /// Exactly `count` bytes, or an error of this module.
    static func bytes(
        of disk: some ReadableDisk,
        at offset: Int64,
        count: Int
    ) throws(LayoutError) -> [UInt8] {
        do {
            let bytes = try disk.read(at: offset, count: count)
            guard bytes.count == count else {
                throw LayoutError.unreadable(
                    offsetBytes: offset,
                    detail: "\(bytes.count) of \(count) bytes"
                )
            }
            return bytes
        } catch let error as LayoutError {
            throw error
        } catch {
            throw .unreadable(offsetBytes: offset, detail: String("\(error)".prefix(200)))
        }
    }
}
