/// A crash-safe ring of reports (SpoolFormat has the picture and the invariants).
///
/// Memory: one segment while reading; nothing is kept of the frames.
///
/// The account is always even: every number ever given to a frame is live, acknowledged, dropped
/// or lost.
public struct Spool<Storage: SpoolStorage, Hasher: FrameHasher> {
    var storage: Storage
    var superblock: SpoolSuperblock
    /// The segment that is written, and the first free byte in it; 0 when it is not begun.
    var headSerial: UInt64 = 1
    var headOffset = 0
    /// Whether a frame whose append failed may lie behind the newest one.
    private var isSoiled = false
    /// The number and the hash of the newest frame.
    var newestNumber: UInt64 = 0
    var newestHash: [UInt8]
    /// The newest frame that was ever found, written or acknowledged.
    public internal(set) var newest = FramePosition.start
    /// The frames that wait for their acknowledgement.
    public internal(set) var liveCount: UInt64 = 0

    /// Opens a spool, makes one of blank storage, or recovers what damage has left.
    ///
    /// A spool of another size is used as it is while it holds live frames, and takes the
    /// storage's size when it is opened without any.
    ///
    /// - Throws: `SpoolError` when the storage is too small, both superblocks cannot be read, or
    ///   one cannot be written; never for what the storage holds.
    public init(opening storage: Storage, hasher: Hasher.Type) throws(SpoolError) {
        try self.init(
            opening: storage,
            hasher: hasher,
            segmentSizeBytes: SpoolFormat.segmentSizeBytes
        )
    }

    /// Opens a spool of smaller segments, so that tests can go through all places of a failure.
    init(
        opening storage: Storage,
        hasher _: Hasher.Type,
        segmentSizeBytes: Int
    ) throws(SpoolError) {
        self.storage = storage
        let segmentSize = UInt64(segmentSizeBytes)
        let count = storage.sizeBytes / segmentSize
        let reserved = UInt64(SpoolFormat.segmentSizeBytes) / segmentSize
        guard count >= reserved + 2, let segmentCount = UInt32(exactly: count - reserved) else {
            throw .storageTooSmall(
                sizeBytes: storage.sizeBytes,
                neededBytes: (reserved + 2) * segmentSize
            )
        }
        superblock = SpoolSuperblock(
            segmentCount: segmentCount,
            segmentSizeBytes: UInt32(segmentSizeBytes)
        )
        newestHash = superblock.releasedHash
        try recover()
    }

    /// Frames that were given up for lack of room, ever.
    public var droppedCount: UInt64 { superblock.droppedCount }
    /// Frames that were lost by damage, ever.
    public var lostCount: UInt64 {
        superblock.lostCount + (newestNumber - superblock.releasedNumber - liveCount)
    }
    /// The position up to which frames are acknowledged.
    public var acknowledged: FramePosition { superblock.acknowledged }
    /// The room for frames in bytes.
    public var capacityBytes: UInt64 {
        UInt64(superblock.segmentCount) * UInt64(superblock.segmentSizeBytes)
    }

    /// Appends a report.
    ///
    /// When this returns, the report survives a loss of power.
    ///
    /// - Throws: `SpoolError`; the spool is then as it was before, but perhaps for frames that
    ///   were dropped to make room, and for this report, which may be found at the next opening.
    public mutating func append(
        _ body: [UInt8],
        at position: FramePosition
    ) throws(SpoolError) {
        guard position > newest else {
            throw .outOfOrder(epoch: position.epoch, sequence: position.sequence)
        }
        let limit = SpoolFormat.bodySizeMax(segmentSizeBytes: segmentSizeBytes)
        guard body.count <= limit else {
            throw .frameTooLarge(sizeBytes: body.count, limitBytes: limit)
        }
        try cleanHead()
        let size = SpoolFormat.frameSize(bodySizeBytes: body.count)
        let isFull = headOffset + size > segmentSizeBytes
        let serial = isFull ? headSerial + 1 : headSerial
        try makeRoom(for: serial)
        let frame = SpoolFrame(
            position: position,
            number: newestNumber + 1,
            previousHash: newestHash,
            body: body
        )
        let begins = isFull || headOffset == 0
        let head = begins ? SpoolFormat.segmentHead(serial) : []
        let offset = begins ? 0 : headOffset
        isSoiled = true
        try storage.write(head + frame.encoded(serial: serial), at: place(serial) + UInt64(offset))
        try storage.synchronize()
        isSoiled = false
        headSerial = serial
        headOffset = offset + head.count + size
        newestNumber = frame.number
        newestHash = Hasher.hash(frame.encoded())
        newest = position
        liveCount += 1
    }

    /// Frees all frames up to a position, durably.
    ///
    /// One beyond the newest frame stands for it.
    ///
    /// - Throws: `SpoolError`; the frames are then kept and will be sent again.
    public mutating func free(through position: FramePosition) throws(SpoolError) {
        let position = min(position, newest)
        guard position > superblock.acknowledged else { return }
        var next = superblock
        next.acknowledged = position
        var releasable = Releasable()
        visitLiveFrames { frame, serial in
            next.tailSerial = serial
            guard frame.position <= position else { return false }
            releasable.add(frame)
            return true
        }
        try release(releasable, in: next)
    }

    /// The oldest live frames of one boot.
    ///
    /// A segment that cannot be read counts as damaged.
    ///
    /// - Parameter limitBytes: the most bytes that the frames may have together; one frame is
    ///   given even when it alone has more.
    /// - Returns: The frames; `nil` when none is live.
    public mutating func oldestBatch(limitBytes: Int) -> SpoolBatch? {
        var batch: SpoolBatch?
        visitLiveFrames { frame, _ in
            let size = SpoolFormat.frameSize(bodySizeBytes: frame.body.count)
            guard let gathered = batch else {
                batch = SpoolBatch(first: frame)
                return true
            }
            guard gathered.epoch == frame.position.epoch, gathered.bytes.count + size <= limitBytes
            else { return false }
            batch?.append(frame)
            return true
        }
        return batch
    }
}

/// Frames that are about to be acknowledged or dropped.
private struct Releasable {
    var count: UInt64 = 0
    var last: SpoolFrame?

    mutating func add(_ frame: SpoolFrame) {
        count += 1
        last = frame
    }
}

extension Spool {
    /// Wipes the head of a frame whose append failed, lest it be found beside one that took its
    /// number in the next segment.
    private mutating func cleanHead() throws(SpoolError) {
        guard isSoiled else { return }
        let headSize = SpoolFormat.segmentHeadSizeBytes + SpoolFormat.frameHeadSizeBytes
        let zeros = [UInt8](repeating: 0, count: min(headSize, segmentSizeBytes - headOffset))
        try storage.write(zeros, at: place(headSerial) + UInt64(headOffset))
        try storage.synchronize()
        isSoiled = false
    }

    /// Gives up the segment whose place a new one needs, and says so durably before it is written.
    private mutating func makeRoom(for serial: UInt64) throws(SpoolError) {
        guard serial - superblock.tailSerial >= UInt64(superblock.segmentCount) else { return }
        var next = superblock
        next.tailSerial = serial - UInt64(superblock.segmentCount) + 1
        var releasable = Releasable()
        visitLiveFrames { frame, serial in
            guard serial < next.tailSerial else { return false }
            releasable.add(frame)
            return true
        }
        next.droppedCount += releasable.count
        try release(releasable, in: next)
    }

    /// Commits a superblock without some frames.
    ///
    /// Missing numbers among them are lost for good.
    private mutating func release(
        _ releasable: Releasable,
        in next: SpoolSuperblock
    ) throws(SpoolError) {
        var next = next
        if let last = releasable.last {
            next.lostCount += last.number - superblock.releasedNumber - releasable.count
            next.releasedNumber = last.number
            next.releasedHash = Hasher.hash(last.encoded())
        }
        try commit(next)
        liveCount -= min(releasable.count, liveCount)
        liveCount = min(liveCount, newestNumber - superblock.releasedNumber)
    }

    mutating func commit(_ next: SpoolSuperblock) throws(SpoolError) {
        var next = next
        next.revision = superblock.revision + 1
        try storage.write(next.encoded(), at: next.offset)
        try storage.synchronize()
        superblock = next
    }
}
