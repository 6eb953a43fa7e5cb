extension FlashPlan {
    /// Plans a flash: finds out which parts of an image make it bootable.
    ///
    /// An image without a table that can be read is still flashed byte for byte: its first MiB
    /// comes last.
    ///
    /// - Parameter image: The image.
    public init(image: FlashImage) {
        self.init(
            content: FlashContent(image: image, overlays: []),
            places: Self.places(of: try? DiskLayout(reading: image), image)
        )
    }

    /// Plans a flash whose table is made for a larger medium: the second table moves to the end,
    /// and the last partition grows.
    ///
    /// Where the image has its second table, the target gets zeros, so that the old one is nowhere.
    ///
    /// - Parameters:
    ///   - image: An image with a good table.
    ///   - sizeBytes: The size of the target; what is beyond its last whole sector is not used.
    ///   - device: The target's name in errors.
    /// - Throws: `FlashError.notExpandable`, or `.tooSmall` when the target is smaller than the
    ///   image.
    public init(
        image: FlashImage,
        expandingTo sizeBytes: Int64,
        device: String
    ) throws(FlashError) {
        guard sizeBytes >= image.sizeBytes else {
            throw .tooSmall(
                device: device,
                sizeBytes: sizeBytes,
                neededBytes: image.sizeBytes
            )
        }
        let own: DiskLayout
        let moved: DiskLayout
        do throws(LayoutError) {
            own = try DiskLayout(reading: image)
            let sectors = sizeBytes / DiskLayout.sectorSize
            moved = try own.expanded(toSizeBytes: sectors * DiskLayout.sectorSize)
        } catch {
            throw .notExpandable(detail: "\(error)")
        }
        var places = Self.places(of: own, image)
        var overlays: [FlashContent.Overlay] = []
        if !places.backup.isEmpty {
            let zeros = [UInt8](repeating: 0, count: places.backup.count)
            overlays.append(.init(offsetBytes: places.backup.lowerBound, bytes: zeros))
        }
        let segments = moved.tableSegments()
        overlays += segments.map { .init(offsetBytes: $0.offsetBytes, bytes: $0.bytes) }
        if let last = overlays.last, moved.table == .gpt { places.backup = last.range }
        self.init(content: FlashContent(image: image, overlays: overlays), places: places)
    }

    private static func places(of layout: DiskLayout?, _ image: FlashImage) -> Places {
        let end = image.sizeBytes
        guard let layout else {
            return Places(primary: 0..<min(edgeBytes, end), backup: 0..<0, boot: [])
        }
        var places = Places(
            primary: 0..<DiskLayout.sectorSize,
            backup: 0..<0,
            boot: layout.partitions.filter(\.isBootControl)
                .map { $0.startBytes..<$0.startBytes + $0.sizeBytes }
        )
        if layout.table == .gpt {
            let sectors = end / DiskLayout.sectorSize
            let tableEnd = sectors * DiskLayout.sectorSize
            places.primary = 0..<GPTEncoding.primarySizeBytes
            places.backup = tableEnd - GPTEncoding.backupSizeBytes..<tableEnd
        }
        return places
    }
}

extension PlacedPartition {
    /// Whether a loader or firmware finds what to start here.
    ///
    /// A table names few kinds, so the names of firmware profiles count too.
    fileprivate var isBootControl: Bool {
        switch kind {
        case .efiSystem, .boot, .environment: return true
        default: break
        }
        if attributes & Self.legacyBootable != 0 { return true }
        // FAT in an MBR: what the firmware of small boards reads.
        if case .mbr(let type) = typeIdentifier { return [0x06, 0x0b, 0x0c, 0x0e].contains(type) }
        return name == "boot" || name == "environment"
    }
}

extension FlashImage: ReadableDisk {
    /// Reads exactly `count` bytes from `offset`.
    ///
    /// - Throws: `FlashError.imageUnreadable`, or `.imageChanged` beyond the end.
    public func read(at offset: Int64, count: Int) throws -> [UInt8] {
        // Tables are read in parts of some kilobytes.
        guard offset >= 0, (0...FlashPiece.sizeMax).contains(count) else {
            throw FlashError.imageChanged(path: path, offsetBytes: offset)
        }
        let buffer = AlignedBuffer()
        let part = buffer.part(count)
        try read(into: part, at: offset)
        return Array(part)
    }
}
