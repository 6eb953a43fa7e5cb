/// What the spool knows beyond its frames.
struct SpoolSuperblock: Equatable {
    static let sizeBytes = 68
    static let magic = [UInt8]("MLTSPOOL".utf8)

    var segmentCount: UInt32
    /// Counts the writes of superblocks; its lowest bit names the copy.
    var revision: UInt64 = 0
    /// The serial of the oldest segment that may hold live frames.
    var tailSerial: UInt64 = 0
    /// Frames up to this position are acknowledged.
    var acknowledged = FramePosition.start
    /// Live frames that were overwritten for lack of room, ever.
    var droppedCount: UInt64 = 0
    /// Frames that were lost by damage, ever, as far as their numbers tell.
    var lostCount: UInt64 = 0

    init(segmentCount: UInt32) { self.segmentCount = segmentCount }

    init?(decoding bytes: [UInt8]) {
        let reader = ByteReader(bytes)
        guard bytes.count >= SpoolSuperblock.sizeBytes,
            reader.bytes(0, count: 8) == SpoolSuperblock.magic, reader.u32(8) == 1,
            reader.u32(64) == CRC32C.checksum(bytes[0..<64])
        else { return nil }
        segmentCount = reader.u32(12)
        revision = reader.u64(16)
        tailSerial = reader.u64(24)
        acknowledged = FramePosition(epoch: reader.u64(32), sequence: reader.u64(40))
        droppedCount = reader.u64(48)
        lostCount = reader.u64(56)
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(SpoolSuperblock.magic)
        writer.u32(1)
        writer.u32(segmentCount)
        writer.u64(revision)
        writer.u64(tailSerial)
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
