import BootControl

/// A GUID Partition Table read from a disk that may hold anything.
///
/// Every number is compared with the disk's own size before it is used; at most 1,024 entries of
/// at most 4,096 bytes, 512 KiB together, are read for one header.
enum GPTReading {
    /// The most entries of a header; the specification asks for room for at least 128.
    static let entryCountMax: UInt64 = 1_024
    /// The largest entry, 128 * 2^n by the specification.
    static let entrySizeMax: UInt64 = 4_096
    /// The largest array of entries; a common one has 16 KiB.
    static let entriesSizeMax: UInt64 = 512 << 10

    /// A header whose checksums and places have been proved.
    private struct Header {
        let sector: Int64
        let alternate: Int64
        let disk: GUID
        let usable: ClosedRange<Int64>
        let entrySize: Int
        let entries: [UInt8]
    }

    static func layout(
        _ disk: some ReadableDisk,
        sectors: Int64
    ) throws(LayoutError) -> DiskLayout {
        switch try header(disk, at: 1, sectors: sectors) {
        case .success(let primary):
            // On larger media, the backup is still where the image ended.
            switch try header(disk, at: primary.alternate, sectors: sectors) {
            case .success(let backup) where backup.alternate != primary.sector:
                let fault = LayoutError.HeaderFault.alternate(saidSector: UInt64(backup.alternate))
                return try layout(primary, condition: .backupDamaged(fault))
            case .success(let backup) where backup.entries == primary.entries:
                return try layout(primary, condition: .intact)
            case .success: return try layout(primary, condition: .backupDamaged(.entriesChecksum))
            case .failure(let fault):
                return try layout(primary, condition: .backupDamaged(fault))
            }
        case .failure(let primary):
            switch try header(disk, at: sectors - 1, sectors: sectors) {
            case .success(let backup):
                return try layout(backup, condition: .primaryDamaged(primary))
            case .failure(let backup):
                throw .bothHeadersBad(primary: primary, backup: backup)
            }
        }
    }

    /// A header at a sector, or why it cannot be used; throws where the disk fails.
    private static func header(
        _ disk: some ReadableDisk,
        at sector: Int64,
        sectors: Int64
    ) throws(LayoutError) -> Result<Header, LayoutError.HeaderFault> {
        guard (1..<sectors).contains(sector) else { return .failure(.missing) }
        let size = DiskLayout.sectorSize
        let bytes = try DiskLayout.bytes(of: disk, at: sector * size, count: Int(size))
        let place: EntriesPlace
        do {
            place = try EntriesPlace(header: bytes, sector: sector, sectors: sectors)
        } catch {
            return .failure(error)
        }
        let entries = try DiskLayout.bytes(
            of: disk,
            at: place.sector * size,
            count: place.entryCount * place.entrySize
        )
        guard UInt64(CRC32.sum(entries[...])) == bytes.littleEndian(at: 88, count: 4) else {
            return .failure(.entriesChecksum)
        }
        return .success(
            Header(
                sector: sector,
                alternate: place.alternate,
                disk: GUID(diskBytes: bytes[56..<72]),
                usable: place.usable,
                entrySize: place.entrySize,
                entries: entries
            )
        )
    }

    private static func layout(
        _ header: Header,
        condition: TableCondition
    ) throws(LayoutError) -> DiskLayout {
        var partitions: [PlacedPartition] = []
        for index in 0..<header.entries.count / header.entrySize {
            let offset = index * header.entrySize
            let entry = Array(header.entries[offset..<offset + GPTEncoding.entrySize])
            guard entry[..<16].contains(where: { $0 != 0 }) else { continue }
            partitions.append(try partition(entry, number: index + 1, usable: header.usable))
        }
        return try DiskLayout(
            table: .gpt,
            sizeBytes: (max(header.sector, header.alternate) + 1) * DiskLayout.sectorSize,
            diskIdentifier: .gpt(header.disk),
            partitions: partitions,
            condition: condition
        )
    }

    private static func partition(
        _ entry: [UInt8],
        number: Int,
        usable: ClosedRange<Int64>
    ) throws(LayoutError) -> PlacedPartition {
        guard number <= GPTEncoding.entryCount else { throw .badEntry(number: number, .number) }
        let first = entry.littleEndian(at: 32, count: 8)
        let last = entry.littleEndian(at: 40, count: 8)
        guard first <= last else {
            throw .badEntry(number: number, .empty(first: first, last: last))
        }
        let units = (0..<GPTEncoding.nameUnitCount).map { index in
            UInt16(truncatingIfNeeded: entry.littleEndian(at: 56 + 2 * index, count: 2))
        }
        let name = String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
        let size = DiskLayout.sectorSize
        guard first >= UInt64(usable.lowerBound), last <= UInt64(usable.upperBound) else {
            let end = Int64(clamping: last).addingReportingOverflow(1).partialValue
            throw .outOfBounds(
                partition: name.isEmpty ? "\(number)" : name,
                startBytes: Int64(clamping: first).multipliedClamping(by: size),
                endBytes: max(end, 0).multipliedClamping(by: size),
                usable: usable.lowerBound * size..<(usable.upperBound + 1) * size
            )
        }
        let type = GUID(diskBytes: entry[0..<16])
        return PlacedPartition(
            number: number,
            name: name,
            kind: PartitionKind(typeGUID: type),
            startBytes: Int64(first) * size,
            sizeBytes: Int64(last - first + 1) * size,
            typeIdentifier: .gpt(type),
            identifier: GUID(diskBytes: entry[16..<32]),
            attributes: entry.littleEndian(at: 48, count: 8)
        )
    }
}

/// Where a header says that its entries are, proved against the disk.
private struct EntriesPlace {
    let sector: Int64
    let entryCount: Int
    let entrySize: Int
    let alternate: Int64
    let usable: ClosedRange<Int64>

    init(
        header: [UInt8],
        sector: Int64,
        sectors: Int64
    ) throws(LayoutError.HeaderFault) {
        guard header.starts(with: GPTEncoding.signature) else { throw .signature }
        let size = Int(header.littleEndian(at: 12, count: 4))
        guard (GPTEncoding.headerSize...512).contains(size) else { throw .size(size) }
        var summed = Array(header[..<size])
        summed.replaceSubrange(16..<20, with: [0, 0, 0, 0])
        guard UInt64(CRC32.sum(summed[...])) == header.littleEndian(at: 16, count: 4) else {
            throw .headerChecksum
        }
        func number(_ offset: Int) -> UInt64 { header.littleEndian(at: offset, count: 8) }
        guard number(24) == UInt64(sector) else { throw .place(saidSector: number(24)) }
        let end = UInt64(sectors)
        guard number(32) < end, number(32) != number(24), number(32) > 0 else {
            throw .alternate(saidSector: number(32))
        }
        let tableEnd = max(number(24), number(32)) + 1
        guard number(40) >= 2, number(40) <= number(48), number(48) < tableEnd - 1 else {
            throw .usable(first: number(40), last: number(48))
        }
        let count = header.littleEndian(at: 80, count: 4)
        let entrySize = header.littleEndian(at: 84, count: 4)
        let isSize =
            (128...GPTReading.entrySizeMax).contains(entrySize)
            && entrySize.nonzeroBitCount == 1
        guard isSize, (1...GPTReading.entryCountMax).contains(count),
            count * entrySize <= GPTReading.entriesSizeMax
        else { throw .entries(count: count, sizeBytes: entrySize) }
        let length = (count * entrySize + 511) / 512
        let first = number(72)
        // Between the header and the usable area, on the header's side of it.
        let room = number(24) < number(32) ? 2..<number(40) : number(48) + 1..<number(24)
        guard room.contains(first), length <= room.upperBound - first else {
            throw .entriesPlace(saidSector: first)
        }
        self.sector = Int64(first)
        entryCount = Int(count)
        self.entrySize = Int(entrySize)
        alternate = Int64(number(32))
        usable = Int64(number(40))...Int64(number(48))
    }
}

extension Int64 {
    /// The product, or the largest number where there is none.
    fileprivate func multipliedClamping(by other: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
