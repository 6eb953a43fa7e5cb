import Testing

@testable import Telemetry

/// What a spool promised before the power failed: reports `released + 1 ... newest` are live.
private struct Promise {
    var released: UInt64
    var newest: UInt64
    var dropped: UInt64
    var acknowledged: FramePosition

    init(_ spool: TestSpool) {
        released = spool.superblock.releasedNumber
        newest = spool.newestNumber
        dropped = spool.droppedCount
        acknowledged = spool.acknowledged
    }
}

@Suite("Spool and power loss")
struct SpoolCrashTests {
    /// The reports of a run, by number from 1.
    private struct Run {
        var spool: TestSpool
        var bodies: [[UInt8]] = []
        var acknowledgedNumber: UInt64 = 0
        var epoch: UInt64 = 1

        /// One append, or one acknowledgement of a batch.
        mutating func step(using generator: inout SeededGenerator) throws(SpoolError) {
            if Int.random(in: 0..<5, using: &generator) == 0 {
                let limit = Int.random(in: 100...2_000, using: &generator)
                guard let batch = spool.oldestBatch(limitBytes: limit) else { return }
                let last = SpoolFrame.decodeAll(batch.bytes)?.last?.number ?? 0
                acknowledgedNumber = max(acknowledgedNumber, last)
                try spool.free(through: batch.end)
                return
            }
            if Int.random(in: 0..<8, using: &generator) == 0 { epoch += 1 }
            let largest = Bool.random(using: &generator) ? 900 : 200
            let size = Int.random(in: 0...largest, using: &generator)
            let number = spool.newestNumber + 1
            bodies.removeLast(bodies.count - Int(number - 1))
            bodies.append(numberedBody(number, size: size))
            let sequence = spool.newest.epoch == epoch ? spool.newest.sequence + 1 : 1
            try spool.append(
                bodies[Int(number - 1)],
                at: FramePosition(epoch: epoch, sequence: sequence)
            )
        }
    }

    private func blank(segments: Int) -> CrashingStorage {
        CrashingStorage(segments: segments, segmentSizeBytes: TestSpool.smallSegmentSizeBytes)
    }

    @Test(
        "at every instant, with any sectors arrived, a spool recovers what it promised",
        arguments: 1...12 as ClosedRange<UInt64>
    )
    func everyInstant(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var run = Run(spool: try TestSpool(small: blank(segments: 3)))
        for _ in 0..<40 {
            let before = Promise(run.spool)
            run.spool.storage.startHistory()
            try run.step(using: &generator)
            let after = Promise(run.spool)
            for disk in run.spool.storage.history.flatMap(\.disks) {
                let found = try TestSpool(small: CrashingStorage(holding: disk))
                try check(found, between: before, and: after, bodies: run.bodies)
            }
        }
        #expect(run.spool.droppedCount > 0 && run.acknowledgedNumber > 0)
    }

    /// Every report whose append returned is there unless it was acknowledged or declared dropped,
    /// none is invented, the acknowledged ones are gone, and the chain of hashes is whole.
    private func check(
        _ found: TestSpool,
        between before: Promise,
        and after: Promise,
        bodies: [[UInt8]]
    ) throws {
        let state = Promise(found)
        let frames = try found.liveFrames()
        #expect((before.released...after.released).contains(state.released))
        #expect((before.newest...after.newest).contains(state.newest))
        #expect((before.dropped...after.dropped).contains(state.dropped))
        #expect([before.acknowledged, after.acknowledged].contains(state.acknowledged))
        #expect(found.lostCount == 0)
        #expect(frames.map(\.number) == [UInt64](state.released + 1..<state.newest + 1))
        #expect(found.liveCount == UInt64(frames.count))
        for frame in frames { #expect(frame.body == bodies[Int(frame.number - 1)]) }
        for (frame, next) in zip(frames, frames.dropFirst()) {
            #expect(next.previousHash == SumHasher.hash(frame.encoded()))
        }
    }

    @Test(
        "after any number of power losses a spool holds what it should",
        arguments: 1...40 as ClosedRange<UInt64>
    )
    func manyLosses(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var run = Run(spool: try TestSpool(small: blank(segments: 4)))
        for _ in 0..<12 {
            var before = Promise(run.spool)
            run.spool.storage.operationsLeft = Int.random(in: 0...40, using: &generator)
            do throws(SpoolError) {
                while true {
                    before = Promise(run.spool)
                    try run.step(using: &generator)
                }
            } catch {
                guard case .storageFailed = error else { throw error }
            }
            let disk = run.spool.storage.afterPowerLoss(using: &generator)
            run.spool = try TestSpool(small: disk)
            run.epoch += 1
            #expect(run.spool.lostCount == 0)
            #expect(run.spool.superblock.releasedNumber >= before.released)
            #expect(run.spool.newestNumber >= before.newest)
            let frames = try run.spool.liveFrames()
            let first = run.spool.superblock.releasedNumber + 1
            #expect(frames.map(\.number) == [UInt64](first..<run.spool.newestNumber + 1))
            for frame in frames { #expect(frame.body == run.bodies[Int(frame.number - 1)]) }
        }
    }

    @Test(
        "writes that fail without a power loss cost the report they carried and nothing else",
        arguments: 1...40 as ClosedRange<UInt64>
    )
    func failingWrites(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var run = Run(spool: try TestSpool(small: blank(segments: 3)))
        for _ in 0..<60 {
            let fails = Int.random(in: 0..<3, using: &generator) == 0
            run.spool.storage.operationsLeft = fails ? .random(in: 0...3, using: &generator) : nil
            let before = Promise(run.spool)
            do throws(SpoolError) {
                try run.step(using: &generator)
            } catch {
                #expect(run.spool.newestNumber == before.newest)
            }
            run.spool.storage.operationsLeft = nil
            let frames = try run.spool.liveFrames()
            let first = run.spool.superblock.releasedNumber + 1
            #expect(frames.map(\.number) == [UInt64](first..<run.spool.newestNumber + 1))
            for frame in frames { #expect(frame.body == run.bodies[Int(frame.number - 1)]) }
        }
        let reopened = try TestSpool(small: run.spool.storage)
        #expect(reopened.newestNumber >= run.spool.newestNumber && reopened.lostCount == 0)
    }
}
