/// A crash-safe ring of reports (SpoolFormat has the picture and the invariants).
///
/// Memory: one segment while reading; nothing is kept of the frames.
public struct Spool<Storage: SpoolStorage, Hasher: FrameHasher> {
    var storage: Storage
    private var superblock: SpoolSuperblock
    /// The segment that is written, and the first free byte in it.
    private var headSerial: UInt64 = 0
    private var headOffset = 0
    private var lastHash = [UInt8](repeating: 0, count: 16)
    /// The newest frame that was ever found or written.
    public private(set) var newest = FramePosition.start
    /// The frames that wait for their acknowledgement.
    public private(set) var liveCount: UInt64 = 0

    /// Opens a spool, makes one of blank storage, or recovers what damage has left.
    ///
    /// - Throws: `SpoolError` when the storage fails or is too small; never for what it holds.
    public init(opening storage: Storage, hasher _: Hasher.Type) throws(SpoolError) {
        self.storage = storage
        let segmentSize = UInt64(SpoolFormat.segmentSizeBytes)
        let count = storage.sizeBytes / segmentSize
        guard count >= 3, let segmentCount = UInt32(exactly: count - 1) else {
            throw .storageTooSmall(sizeBytes: storage.sizeBytes, neededBytes: 3 * segmentSize)
        }
        superblock = SpoolSuperblock(segmentCount: segmentCount)
        try recoverSuperblock()
        try recoverSegments()
    }

    /// Frames that were overwritten for lack of room, ever.
    public var droppedCount: UInt64 { superblock.droppedCount }
    /// Frames that were lost by damage, ever.
    public var lostCount: UInt64 { superblock.lostCount }
    /// The position up to which frames are acknowledged.
    public var acknowledged: FramePosition { superblock.acknowledged }
    /// The room for frames in bytes.
    public var capacityBytes: UInt64 {
        UInt64(superblock.segmentCount) * UInt64(SpoolFormat.segmentSizeBytes)
    }

    /// Appends a report. When this returns, the report survives a loss of power.
    ///
    /// - Throws: `SpoolError`; the spool is then as it was before, but perhaps for frames that
    ///   were dropped to make room.
    public mutating func append(
        _ body: [UInt8],
        at position: FramePosition
    ) throws(SpoolError) {
        guard position > newest, position > superblock.acknowledged else {
            throw .outOfOrder(epoch: position.epoch, sequence: position.sequence)
        }
        guard body.count <= SpoolFormat.bodySizeMax else {
            throw .frameTooLarge(sizeBytes: body.count, limitBytes: SpoolFormat.bodySizeMax)
        }
        let size = SpoolFormat.frameSize(bodySizeBytes: body.count)
        let isFull = headOffset + size > SpoolFormat.segmentSizeBytes
        let serial = isFull || headOffset == 0 ? headSerial + 1 : headSerial
        if serial != headSerial { try makeRoom(for: serial) }
        let frame = SpoolFrame(position: position, previousHash: lastHash, body: body)
        var bytes = frame.encoded(serial: serial)
        var offset = headOffset
        if serial != headSerial {
            bytes = Spool.segmentHead(serial) + bytes
            offset = 0
        }
        try storage.write(bytes, at: place(serial) + UInt64(offset))
        try storage.synchronize()
        headSerial = serial
        headOffset = offset + bytes.count
        lastHash = Hasher.hash(frame.encoded(serial: 0))
        newest = position
        liveCount += 1
    }

    /// Frees all frames up to a position, durably.
    ///
    /// - Throws: `SpoolError`; the frames are then kept and will be sent again.
    public mutating func free(through position: FramePosition) throws(SpoolError) {
        guard position > superblock.acknowledged else { return }
        var next = superblock
        next.acknowledged = position
        var freed: UInt64 = 0
        while next.tailSerial <= headSerial {
            var hasLive = false
            for frame in try frames(of: next.tailSerial) {
                if frame.position > position {
                    hasLive = true
                } else if frame.position > superblock.acknowledged {
                    freed += 1
                }
            }
            if hasLive || next.tailSerial == headSerial { break }
            next.tailSerial += 1
        }
        try commit(next)
        liveCount -= min(freed, liveCount)
    }

    /// The oldest live frames of one epoch, as they go into a batch.
    ///
    /// - Parameter limitBytes: the most that the frames' bytes may have together; one frame is
    ///   given even when it alone has more.
    /// - Throws: `SpoolError` when the storage fails.
    public mutating func oldest(limitBytes: Int) throws(SpoolError) -> [SpoolFrame] {
        var batch: [SpoolFrame] = []
        var size = 0
        var serial = superblock.tailSerial
        while serial <= headSerial {
            for frame in try frames(of: serial) where frame.position > superblock.acknowledged {
                size += SpoolFormat.frameSize(bodySizeBytes: frame.body.count)
                if let first = batch.first {
                    guard first.position.epoch == frame.position.epoch, size <= limitBytes else {
                        return batch
                    }
                }
                batch.append(frame)
            }
            serial += 1
        }
        return batch
    }
}

extension Spool {
    private static func segmentHead(_ serial: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(SpoolFormat.segmentMagic)
        writer.u32(CRC32C.checksum(SpoolFormat.serialBytes(serial)[...]))
        writer.u64(serial)
        return writer.bytes
    }

    private func place(_ serial: UInt64) -> UInt64 {
        let index = serial % UInt64(superblock.segmentCount)
        return (index + 1) * UInt64(SpoolFormat.segmentSizeBytes)
    }

    /// Gives up the segment whose place a new one needs, and says so durably before it is written.
    private mutating func makeRoom(for serial: UInt64) throws(SpoolError) {
        guard serial - superblock.tailSerial >= UInt64(superblock.segmentCount) else { return }
        var next = superblock
        var dropped: UInt64 = 0
        for frame in try frames(of: next.tailSerial)
        where frame.position > superblock.acknowledged {
            dropped += 1
        }
        next.tailSerial += 1
        next.droppedCount += dropped
        try commit(next)
        liveCount -= min(dropped, liveCount)
    }

    private mutating func commit(_ next: SpoolSuperblock) throws(SpoolError) {
        var next = next
        next.revision = superblock.revision + 1
        try storage.write(next.encoded(), at: next.offset)
        try storage.synchronize()
        superblock = next
    }

    private mutating func recoverSuperblock() throws(SpoolError) {
        var best: SpoolSuperblock?
        for copy: UInt64 in 0..<2 {
            let offset = copy * UInt64(SpoolFormat.superblockSizeBytes)
            let bytes = try storage.read(at: offset, count: SpoolSuperblock.sizeBytes)
            guard let found = SpoolSuperblock(decoding: bytes),
                found.segmentCount == superblock.segmentCount,
                found.revision > best?.revision ?? 0
            else { continue }
            best = found
        }
        if let best { superblock = best }
    }

    private mutating func recoverSegments() throws(SpoolError) {
        let known = superblock.revision > 0
        var serials: (lowest: UInt64, highest: UInt64)?
        for index in 0..<UInt64(superblock.segmentCount) {
            guard let serial = try serial(atIndex: index) else { continue }
            let lowest = min(serials?.lowest ?? serial, serial)
            serials = (lowest, max(serials?.highest ?? serial, serial))
        }
        guard let serials else {
            // Blank storage, or a superblock without a segment: serials go on, never back.
            headSerial = superblock.tailSerial
            newest = superblock.acknowledged
            if !known { try commit(superblock) }
            return
        }
        headSerial = serials.highest
        if !known || superblock.tailSerial > headSerial {
            superblock.tailSerial = known ? headSerial : serials.lowest
        }
        try recoverFrames()
        newest = max(newest, superblock.acknowledged)
    }

    private func serialHead(_ bytes: [UInt8]) -> UInt64? {
        let reader = ByteReader(bytes)
        let serial = reader.u64(8)
        guard reader.bytes(0, count: 4) == SpoolFormat.segmentMagic,
            reader.u32(4) == CRC32C.checksum(SpoolFormat.serialBytes(serial)[...])
        else { return nil }
        return serial
    }

    private mutating func serial(atIndex index: UInt64) throws(SpoolError) -> UInt64? {
        let offset = (index + 1) * UInt64(SpoolFormat.segmentSizeBytes)
        let head = try storage.read(at: offset, count: SpoolFormat.segmentHeadSizeBytes)
        guard let serial = serialHead(head), serial >= 1,
            serial % UInt64(superblock.segmentCount) == index
        else { return nil }
        return serial
    }

    /// Counts live frames, finds the end of the newest segment, and notes gaps in the numbers.
    private mutating func recoverFrames() throws(SpoolError) {
        var previous: FramePosition?
        var lost: UInt64 = 0
        var serial = superblock.tailSerial
        while serial <= headSerial {
            for frame in try frames(of: serial) {
                if let previous, previous.epoch == frame.position.epoch {
                    lost += frame.position.sequence - previous.sequence - 1
                }
                previous = frame.position
                if frame.position > superblock.acknowledged { liveCount += 1 }
                newest = frame.position
                lastHash = Hasher.hash(frame.encoded(serial: 0))
            }
            serial += 1
        }
        headOffset = try endOfFrames(in: headSerial)
        guard lost > superblock.lostCount else { return }
        var next = superblock
        next.lostCount = lost
        try commit(next)
    }
}

extension Spool {
    /// The undamaged frames of a segment, in ascending order; what lies between is stepped over.
    private mutating func frames(of serial: UInt64) throws(SpoolError) -> [SpoolFrame] {
        try scan(serial).frames
    }

    private mutating func endOfFrames(in serial: UInt64) throws(SpoolError) -> Int {
        try scan(serial).endOffset
    }

    private mutating func scan(
        _ serial: UInt64
    ) throws(SpoolError) -> (frames: [SpoolFrame], endOffset: Int) {
        let bytes = try storage.read(at: place(serial), count: SpoolFormat.segmentSizeBytes)
        guard serialHead([UInt8](bytes.prefix(SpoolFormat.segmentHeadSizeBytes))) == serial else {
            return ([], 0)
        }
        var frames: [SpoolFrame] = []
        var offset = SpoolFormat.segmentHeadSizeBytes
        var end = offset
        while offset < bytes.count {
            guard let (frame, size) = SpoolFrame.decode(bytes[offset...], serial: serial),
                frames.last.map({ $0.position < frame.position }) ?? true
            else {
                offset += 8
                continue
            }
            frames.append(frame)
            offset += size
            end = offset
        }
        return (frames, end)
    }
}
