/// What the spool knows beyond its frames (SpoolFormat has the picture).
struct SpoolSuperblock: Equatable {
    static let sizeBytes = 100
    static let magic = [UInt8]("MLTSPOOL".utf8)

    var segmentCount: UInt32
    var segmentSizeBytes: UInt32
    /// Counts the writes of superblocks; its lowest bit names the copy.
    var revision: UInt64 = 0
    /// The serial of the oldest segment that may hold live frames.
    var tailSerial: UInt64 = 1
    /// Frames up to this number are acknowledged or dropped.
    var releasedNumber: UInt64 = 0
    /// The hash of the frame with that number, from which the chain goes on.
    var releasedHash = [UInt8](repeating: 0, count: SpoolFormat.hashSizeBytes)
    /// Frames up to this position are acknowledged.
    var acknowledged = FramePosition.start
    /// Live frames that were given up for lack of room, ever.
    var droppedCount: UInt64 = 0
    /// Released numbers whose frames were damaged, ever.
    var lostCount: UInt64 = 0

    init(segmentCount: UInt32, segmentSizeBytes: UInt32) {
        self.segmentCount = segmentCount
        self.segmentSizeBytes = segmentSizeBytes
    }

    /// Reads a copy; `nil` when it is damaged, or was never written.
    init?(decoding bytes: [UInt8]) {
        let reader = ByteReader(bytes)
        guard bytes.count >= SpoolSuperblock.sizeBytes,
            reader.bytes(0, count: 8) == SpoolSuperblock.magic, reader.u32(8) == 1,
            reader.u32(96) == CRC32C.checksum(bytes[0..<96])
        else { return nil }
        segmentCount = reader.u32(12)
        segmentSizeBytes = reader.u32(16)
        revision = reader.u64(24)
        tailSerial = reader.u64(32)
        releasedNumber = reader.u64(40)
        releasedHash = reader.bytes(48, count: SpoolFormat.hashSizeBytes)
        acknowledged = FramePosition(epoch: reader.u64(64), sequence: reader.u64(72))
        droppedCount = reader.u64(80)
        lostCount = reader.u64(88)
        let counters = [revision, tailSerial, releasedNumber, droppedCount, lostCount]
        guard segmentCount >= 2, tailSerial >= 1, revision >= 1,
            counters.allSatisfy({ $0 < SpoolFormat.counterMax })
        else { return nil }
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(SpoolSuperblock.magic)
        writer.u32(1)
        writer.u32(segmentCount)
        writer.u32(segmentSizeBytes)
        writer.u32(0)
        writer.u64(revision)
        writer.u64(tailSerial)
        writer.u64(releasedNumber)
        writer.append(releasedHash)
        writer.u64(acknowledged.epoch)
        writer.u64(acknowledged.sequence)
        writer.u64(droppedCount)
        writer.u64(lostCount)
        writer.u32(CRC32C.checksum(writer.bytes[...]))
        writer.zeros(until: SpoolFormat.superblockSizeBytes)
        return writer.bytes
    }

    /// Where this revision is written: the copies take turns.
    var offset: UInt64 { (revision & 1) * UInt64(SpoolFormat.superblockSizeBytes) }
}
