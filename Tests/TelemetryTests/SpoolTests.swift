import Testing

@testable import Telemetry

/// A spool on a disk that loses power.
typealias TestSpool = Spool<CrashingStorage, SumHasher>

@Suite("Spool")
struct SpoolTests {
    static func body(_ value: UInt64, size: Int = 900) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: value), count: size)
    }

    @Test("reports come out in order, with a chain of hashes, until they are acknowledged")
    func order() throws {
        var spool = try TestSpool(opening: CrashingStorage(segments: 4), hasher: SumHasher.self)
        for sequence: UInt64 in 1...5 {
            let position = FramePosition(epoch: 1, sequence: sequence)
            try spool.append(Self.body(sequence), at: position)
        }
        try spool.append(Self.body(6), at: FramePosition(epoch: 2, sequence: 1))
        let batch = try spool.oldest(limitBytes: 1 << 20)
        #expect(batch.map(\.position.sequence) == [1, 2, 3, 4, 5])
        for (frame, next) in zip(batch, batch.dropFirst()) {
            #expect(next.previousHash == SumHasher.hash(frame.encoded(serial: 0)))
        }
        #expect(try spool.oldest(limitBytes: 2_000).count == 2)
        try spool.free(through: FramePosition(epoch: 1, sequence: 5))
        #expect(try spool.oldest(limitBytes: 1 << 20).map(\.position.epoch) == [2])
        #expect(spool.liveCount == 1)
    }

    @Test("positions never go back, and a report larger than a segment is refused")
    func refusals() throws {
        var spool = try TestSpool(opening: CrashingStorage(segments: 2), hasher: SumHasher.self)
        try spool.append([1], at: FramePosition(epoch: 2, sequence: 2))
        #expect(throws: SpoolError.outOfOrder(epoch: 2, sequence: 2)) {
            try spool.append([1], at: FramePosition(epoch: 2, sequence: 2))
        }
        let size = SpoolFormat.bodySizeMax + 1
        #expect(throws: SpoolError.frameTooLarge(sizeBytes: size, limitBytes: size - 1)) {
            try spool.append(Self.body(1, size: size), at: FramePosition(epoch: 3, sequence: 1))
        }
        #expect(throws: SpoolError.self) {
            try TestSpool(opening: CrashingStorage(segments: 1), hasher: SumHasher.self)
        }
    }

    @Test("a full spool drops the oldest reports, counts them, and keeps the rest")
    func full() throws {
        let storage = CrashingStorage(segments: 3)
        var spool = try TestSpool(opening: storage, hasher: SumHasher.self)
        for sequence: UInt64 in 1...400 {
            let position = FramePosition(epoch: 1, sequence: sequence)
            try spool.append(Self.body(sequence), at: position)
        }
        #expect(spool.droppedCount > 0)
        #expect(spool.droppedCount + spool.liveCount == 400)
        let oldest = try spool.oldest(limitBytes: 1 << 20)
        #expect(oldest.first?.position.sequence == spool.droppedCount + 1)
        #expect(oldest.count == Int(spool.liveCount))
        #expect(spool.capacityBytes == 3 * 65_536)
    }

    @Test("damage in the middle costs the damaged report alone, and is counted")
    func damage() throws {
        var spool = try TestSpool(opening: CrashingStorage(segments: 3), hasher: SumHasher.self)
        for sequence: UInt64 in 1...10 {
            let position = FramePosition(epoch: 1, sequence: sequence)
            try spool.append(Self.body(sequence), at: position)
        }
        var storage = spool.storage
        storage.damage(2 * SpoolFormat.segmentSizeBytes + 16 + 3 * 944 + 100)
        var opened = try TestSpool(opening: storage, hasher: SumHasher.self)
        #expect(opened.lostCount == 1)
        let sequences = try opened.oldest(limitBytes: 1 << 20).map(\.position.sequence)
        #expect(sequences == [1, 2, 3, 5, 6, 7, 8, 9, 10])
        try opened.append([1], at: FramePosition(epoch: 2, sequence: 1))
    }

    @Test("garbage on the storage never keeps the spool from starting", arguments: 1...20)
    func garbage(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var storage = CrashingStorage(segments: 2)
        let noise = (0..<storage.durable.count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try storage.write(noise, at: 0)
        var spool = try TestSpool(opening: storage, hasher: SumHasher.self)
        try spool.append([1, 2, 3], at: FramePosition(epoch: 1, sequence: 1))
        #expect(try spool.oldest(limitBytes: 1 << 20).map(\.body) == [[1, 2, 3]])
    }

    @Test("power loss at any write keeps every report whose append returned", arguments: 1...60)
    func powerLoss(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var storage = CrashingStorage(segments: 3)
        var kept: [UInt64] = []
        var next: UInt64 = 1
        var acknowledged: UInt64 = 0
        for epoch: UInt64 in 1...6 {
            storage.operationsLeft = Int.random(in: 0...60, using: &generator)
            var last: TestSpool?
            do throws(SpoolError) {
                var spool = try TestSpool(opening: storage, hasher: SumHasher.self)
                last = spool
                for sequence: UInt64 in 1...100 {
                    let size = Int.random(in: 8...9_000, using: &generator)
                    let body = valueBody(next, size: size)
                    try spool.append(body, at: FramePosition(epoch: epoch, sequence: sequence))
                    last = spool
                    kept.append(next)
                    next += 1
                    if Int.random(in: 0..<5, using: &generator) == 0 {
                        let batch = try spool.oldest(limitBytes: 30_000)
                        guard let end = batch.last else { continue }
                        try spool.free(through: end.position)
                        acknowledged = max(acknowledged, decodeValue(end.body).first ?? 0)
                        last = spool
                    }
                }
            } catch {
                guard case .storageFailed = error else { throw error }
            }
            storage = (last?.storage ?? storage).afterPowerLoss(using: &generator)
            try check(storage, kept: kept, acknowledged: acknowledged)
            next += 1
        }
    }

    /// After recovery the live reports are those that were appended and not acknowledged, but for
    /// the oldest, which may be declared dropped, and one whose append did not return.
    private func check(
        _ storage: CrashingStorage,
        kept: [UInt64],
        acknowledged: UInt64
    ) throws {
        var spool = try TestSpool(opening: storage, hasher: SumHasher.self)
        var live: [UInt64] = []
        while true {
            let batch = try spool.oldest(limitBytes: 1 << 20)
            guard let end = batch.last else { break }
            live += batch.flatMap { decodeValue($0.body) }
            try spool.free(through: end.position)
        }
        let expected = kept.filter { $0 > acknowledged }
        let missing = expected.filter { !live.contains($0) }
        #expect(missing.count <= Int(spool.droppedCount))
        // What is missing is the oldest: nothing newer than a live report is gone.
        if let lowest = live.first { #expect(missing.allSatisfy { $0 < lowest }) }
        #expect(live == live.sorted())
    }

    private func valueBody(_ value: UInt64, size: Int) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
            + [UInt8](repeating: 0xAA, count: size - 8)
    }

    private func decodeValue(_ body: [UInt8]) -> [UInt64] {
        [body.prefix(8).enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }]
    }
}
