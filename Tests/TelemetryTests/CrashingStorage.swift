@testable import Telemetry

/// A disk that loses power and wears out: it remembers what was durable and what was on its way.
struct CrashingStorage: SpoolStorage {
    private(set) var durable: [UInt8]
    private(set) var current: [UInt8]
    /// The writes since the last synchronisation.
    private(set) var pending: [Write] = []
    /// Every state in which the power could have failed, when it is asked for.
    private(set) var history: [Moment] = []
    private var recordsHistory = false
    /// Writes and synchronisations until they fail; `nil` for never.
    var operationsLeft: Int?
    /// A range that cannot be read.
    var unreadable = 0..<0

    /// One write.
    struct Write {
        var offset: Int
        var bytes: [UInt8]
    }

    /// What was durable and what was on its way at one instant.
    struct Moment {
        var durable: [UInt8]
        var pending: [Write]
    }

    /// A blank disk with room for so many segments behind the superblocks.
    init(segments: Int, segmentSizeBytes: Int = SpoolFormat.segmentSizeBytes) {
        let size = SpoolFormat.segmentSizeBytes + segments * segmentSizeBytes
        self.init(holding: [UInt8](repeating: 0, count: size))
    }

    /// A disk with a content.
    init(holding bytes: [UInt8]) {
        durable = bytes
        current = bytes
    }

    var sizeBytes: UInt64 { UInt64(current.count) }

    mutating func read(at offset: UInt64, count: Int) throws(SpoolError) -> [UInt8] {
        let range = Int(offset)..<Int(offset) + count
        guard !range.overlaps(unreadable) else {
            throw .storageFailed(code: 5, offsetBytes: offset)
        }
        return [UInt8](current[range])
    }

    mutating func write(_ bytes: [UInt8], at offset: UInt64) throws(SpoolError) {
        try step(offset)
        let range = Int(offset)..<Int(offset) + bytes.count
        current.replaceSubrange(range, with: bytes)
        pending.append(Write(offset: Int(offset), bytes: bytes))
        if recordsHistory { history.append(Moment(durable: durable, pending: pending)) }
    }

    mutating func synchronize() throws(SpoolError) {
        try step(0)
        durable = current
        pending = []
        if recordsHistory { history.append(Moment(durable: durable, pending: [])) }
    }

    private mutating func step(_ offset: UInt64) throws(SpoolError) {
        guard let left = operationsLeft else { return }
        guard left > 0 else { throw .storageFailed(code: 5, offsetBytes: offset) }
        operationsLeft = left - 1
    }

    mutating func startHistory() {
        recordsHistory = true
        history = []
    }

    mutating func damage(_ offset: Int, by bits: UInt8 = 0xFF) {
        current[offset] ^= bits
        durable = current
    }

    /// The disk after the power came back: of what was on its way, any 512-byte sectors arrived.
    func afterPowerLoss(using generator: inout SeededGenerator) -> CrashingStorage {
        let moment = Moment(durable: durable, pending: pending)
        let arrived = moment.sectors.map { _ in Bool.random(using: &generator) }
        return CrashingStorage(holding: moment.disk(arrived: arrived))
    }
}

extension CrashingStorage.Moment {
    /// The sectors that were on their way and would change the disk.
    var sectors: [CrashingStorage.Write] {
        pending.flatMap { write in
            var parts: [CrashingStorage.Write] = []
            var start = write.offset
            let end = write.offset + write.bytes.count
            while start < end {
                let next = min((start / 512 + 1) * 512, end)
                let bytes = [UInt8](write.bytes[start - write.offset..<next - write.offset])
                if bytes != [UInt8](durable[start..<next]) {
                    parts.append(CrashingStorage.Write(offset: start, bytes: bytes))
                }
                start = next
            }
            return parts
        }
    }

    /// The disk when some sectors arrived.
    func disk(arrived: [Bool]) -> [UInt8] {
        var disk = durable
        for (sector, hasArrived) in zip(sectors, arrived) where hasArrived {
            let range = sector.offset..<sector.offset + sector.bytes.count
            disk.replaceSubrange(range, with: sector.bytes)
        }
        return disk
    }

    /// The disks of all choices of sectors.
    var disks: [[UInt8]] {
        let count = sectors.count
        precondition(count <= 8)
        return (0..<1 << count).map { choice in
            disk(arrived: (0..<count).map { choice >> $0 & 1 == 1 })
        }
    }
}

/// A stand-in for BLAKE2b, which is the caller's: enough to see that the chain is kept.
enum SumHasher: FrameHasher {
    static func hash(_ frame: [UInt8]) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: 16)
        for (index, byte) in frame.enumerated() {
            hash[index % 16] = hash[index % 16] &* 31 &+ byte
        }
        return hash
    }
}

/// A spool on a disk that loses power.
typealias TestSpool = Spool<CrashingStorage, SumHasher>

extension Spool<CrashingStorage, SumHasher> {
    /// A spool of segments so small that a test can go through all its states.
    static let smallSegmentSizeBytes = 1_024

    init(small storage: CrashingStorage) throws(SpoolError) {
        try self.init(
            opening: storage,
            hasher: SumHasher.self,
            segmentSizeBytes: TestSpool.smallSegmentSizeBytes
        )
    }

    /// All live frames, read boot by boot from a copy that frees them.
    func liveFrames() throws -> [SpoolFrame] {
        var copy = self
        copy.storage.operationsLeft = nil
        var frames: [SpoolFrame] = []
        while let batch = copy.oldestBatch(limitBytes: 1 << 20) {
            frames += SpoolFrame.decodeAll(batch.bytes) ?? []
            try copy.free(through: batch.end)
        }
        return frames
    }
}

/// A report's stand-in whose content tells its number.
func numberedBody(_ number: UInt64, size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: number &* 37 &+ UInt64($0) &* (number | 1)) }
}
