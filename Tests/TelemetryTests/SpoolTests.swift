import Testing

@testable import Telemetry

@Suite("Spool")
struct SpoolTests {
    private func position(_ sequence: UInt64, epoch: UInt64 = 1) -> FramePosition {
        FramePosition(epoch: epoch, sequence: sequence)
    }

    private func spool(segments: Int, reports: UInt64 = 0) throws -> TestSpool {
        var spool = try TestSpool(
            small: CrashingStorage(segments: segments, segmentSizeBytes: 1_024)
        )
        for number in 1..<reports + 1 {
            try spool.append(numberedBody(number, size: 100), at: position(number))
        }
        return spool
    }

    @Test("reports come out in order, boot by boot, until they are acknowledged")
    func order() throws {
        var spool = try spool(segments: 4, reports: 5)
        try spool.append([6], at: position(1, epoch: 2))
        let oldest = spool.oldestBatch(limitBytes: 1 << 20)
        let batch = try #require(oldest)
        #expect(batch.epoch == 1 && batch.firstSequence == 1 && batch.lastSequence == 5)
        #expect(batch.frameCount == 5)
        let frames = try #require(SpoolFrame.decodeAll(batch.bytes))
        #expect(frames.map(\.number) == [1, 2, 3, 4, 5])
        #expect(frames.map(\.body) == (1...5).map { numberedBody($0, size: 100) })
        try spool.free(through: batch.end)
        #expect(spool.oldestBatch(limitBytes: 1 << 20)?.epoch == 2)
        #expect(spool.liveCount == 1)
        try spool.free(through: position(1, epoch: 2))
        #expect(spool.oldestBatch(limitBytes: 1 << 20) == nil)
    }

    @Test("each report carries the hash of the one before, over boots and freed reports")
    func chain() throws {
        var spool = try spool(segments: 2, reports: 3)
        var frames = try spool.liveFrames()
        for number: UInt64 in 4...9 {
            try spool.free(through: spool.newest)
            spool = try TestSpool(small: spool.storage)
            try spool.append(numberedBody(number, size: 100), at: position(1, epoch: number))
            frames += try spool.liveFrames()
        }
        #expect(frames.map(\.number) == [UInt64](1...9))
        #expect(frames[0].previousHash == [UInt8](repeating: 0, count: 16))
        for (frame, next) in zip(frames, frames.dropFirst()) {
            #expect(next.previousHash == SumHasher.hash(frame.encoded()))
        }
    }

    @Test("a batch holds as many reports as fit, and always one")
    func batchLimit() throws {
        var spool = try spool(segments: 4, reports: 5)
        let size = SpoolFormat.frameSize(bodySizeBytes: 100)
        #expect(spool.oldestBatch(limitBytes: 3 * size)?.frameCount == 3)
        #expect(spool.oldestBatch(limitBytes: 3 * size - 1)?.frameCount == 2)
        #expect(spool.oldestBatch(limitBytes: 1)?.frameCount == 1)
    }

    @Test("positions never go back, and a report larger than a segment is refused")
    func refusals() throws {
        var spool = try TestSpool(opening: CrashingStorage(segments: 2), hasher: SumHasher.self)
        try spool.append([1], at: position(2, epoch: 2))
        #expect(throws: SpoolError.outOfOrder(epoch: 2, sequence: 2)) {
            try spool.append([1], at: position(2, epoch: 2))
        }
        let size = SpoolFormat.bodySizeMax + 1
        #expect(throws: SpoolError.frameTooLarge(sizeBytes: size, limitBytes: size - 1)) {
            try spool.append(numberedBody(1, size: size), at: position(1, epoch: 3))
        }
        try spool.append(numberedBody(1, size: size - 1), at: position(1, epoch: 3))
        #expect(throws: SpoolError.storageTooSmall(sizeBytes: 131_072, neededBytes: 196_608)) {
            try TestSpool(opening: CrashingStorage(segments: 1), hasher: SumHasher.self)
        }
    }

    @Test("an acknowledgement from the future frees what there is and no more")
    func futureAcknowledgement() throws {
        var spool = try spool(segments: 4, reports: 3)
        try spool.free(through: position(99, epoch: 99))
        #expect(spool.acknowledged == position(3) && spool.liveCount == 0)
        try spool.append([1], at: position(4))
    }

    @Test("a full spool drops the oldest reports, counts them, and keeps all other segments")
    func full() throws {
        let spool = try spool(segments: 3, reports: 40)
        let perSegment = UInt64((1_024 - 16) / SpoolFormat.frameSize(bodySizeBytes: 100))
        #expect(spool.droppedCount > 0 && spool.lostCount == 0)
        #expect(spool.droppedCount + spool.liveCount == 40)
        #expect(spool.liveCount > 2 * perSegment)
        #expect(try spool.liveFrames().first?.number == spool.droppedCount + 1)
        #expect(spool.capacityBytes == 3 * 1_024)
        let reopened = try TestSpool(small: spool.storage)
        #expect(reopened.droppedCount == spool.droppedCount)
        #expect(try reopened.liveFrames() == spool.liveFrames())
    }

    @Test("ninety days without a network lose the oldest reports only")
    func ninetyDays() throws {
        let reports: UInt64 = 90 * 24
        let spool = try spool(segments: 200, reports: reports)
        #expect(spool.droppedCount + spool.liveCount == reports && spool.lostCount == 0)
        #expect(try spool.liveFrames().map(\.number) == [UInt64](spool.droppedCount + 1...reports))
    }

    @Test("a spool keeps its size while it holds reports and takes its file's when it is empty")
    func resizing() throws {
        var spool = try spool(segments: 3, reports: 7)
        var grown = spool.storage.current + [UInt8](repeating: 0, count: 2 * 1_024)
        spool = try TestSpool(small: CrashingStorage(holding: grown))
        #expect(spool.capacityBytes == 3 * 1_024 && spool.liveCount == 7)
        try spool.free(through: spool.newest)
        grown = spool.storage.current
        for epoch: UInt64 in 2...4 {
            spool = try TestSpool(small: CrashingStorage(holding: grown))
            #expect(spool.capacityBytes == 5 * 1_024)
            #expect(spool.liveCount == epoch - 2 && spool.lostCount == 0)
            try spool.append([1], at: position(1, epoch: epoch))
            grown = spool.storage.current
        }
        #expect(try spool.liveFrames().map(\.number) == [8, 9, 10])
    }
}
