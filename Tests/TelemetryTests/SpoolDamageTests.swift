import Testing

@testable import Telemetry

@Suite("Spool and damage")
struct SpoolDamageTests {
    private static let reportCount: UInt64 = 11

    /// Eleven live reports in three of four small segments, of thirteen appended.
    private static func filled() throws -> TestSpool {
        let storage = CrashingStorage(segments: 4, segmentSizeBytes: 1_024)
        var spool = try TestSpool(small: storage)
        for number in 1...reportCount + 2 {
            let position = FramePosition(epoch: 1 + number / 5, sequence: number)
            try spool.append(numberedBody(number, size: 120), at: position)
        }
        try spool.free(through: FramePosition(epoch: 1, sequence: 2))
        return spool
    }

    @Test("one damaged byte costs one report at most, and its loss is counted")
    func everyByte() throws {
        let spool = try Self.filled()
        let whole = try spool.liveFrames()
        let start = SpoolFormat.segmentSizeBytes
        for offset in Array(start..<start + 1_024) + (start + 2_048..<start + 3_072) {
            var storage = spool.storage
            storage.damage(offset, by: 1 << UInt8(offset % 8))
            let found = try TestSpool(small: storage)
            let frames = try found.liveFrames()
            let missing = whole.filter { !frames.contains($0) }
            #expect(missing.count <= 1 && frames.count + missing.count == whole.count)
            // The newest report cannot be told from one whose append never returned.
            let isNewest = missing.first?.number == spool.newestNumber
            #expect(found.lostCount == UInt64(isNewest ? 0 : missing.count))
            #expect(found.liveCount == UInt64(frames.count))
        }
    }

    @Test("a damaged superblock brings back acknowledged reports at worst", arguments: 0..<200)
    func superblocks(offset: Int) throws {
        let spool = try Self.filled()
        let whole = try spool.liveFrames()
        var storage = spool.storage
        storage.damage(offset % 100 + (offset / 100) * SpoolFormat.superblockSizeBytes)
        var frames = try TestSpool(small: storage).liveFrames()
        #expect(frames.suffix(whole.count) == whole[...])
        storage.damage(50)
        storage.damage(50 + SpoolFormat.superblockSizeBytes)
        frames = try TestSpool(small: storage).liveFrames()
        #expect(frames.suffix(whole.count) == whole[...])
    }

    @Test("a segment that cannot be read costs its reports, which are counted", arguments: 0..<4)
    func unreadableSegment(index: Int) throws {
        let spool = try Self.filled()
        let whole = try spool.liveFrames()
        var storage = spool.storage
        let start = SpoolFormat.segmentSizeBytes + index * 1_024
        storage.unreadable = start..<start + 1_024
        var found = try TestSpool(small: storage)
        let frames = try found.liveFrames()
        #expect(frames.count >= whole.count - 5 && frames.allSatisfy(whole.contains))
        try found.append([1], at: FramePosition(epoch: 9, sequence: 1))
        let isHead = frames.last != whole.last
        #expect(found.lostCount == UInt64(isHead ? 0 : whole.count - frames.count))
    }

    @Test("superblocks that cannot be read keep a spool from being taken for blank")
    func unreadableSuperblocks() throws {
        var storage = try Self.filled().storage
        storage.unreadable = 0..<8_192
        #expect(throws: SpoolError.storageFailed(code: 5, offsetBytes: 0)) {
            try TestSpool(small: storage)
        }
    }

    @Test("losses are counted once, and stay counted when their neighbours are freed")
    func account() throws {
        var spool = try Self.filled()
        for round: UInt64 in 1...2 {
            spool.storage.damage(offsetOfFrame(2, in: spool))
            spool = try TestSpool(small: spool.storage)
            #expect(spool.lostCount == round)
            let live = try spool.liveFrames()
            try spool.free(through: live[2].position)
            #expect(spool.lostCount == round)
            #expect(spool.liveCount == UInt64(live.count - 3))
        }
        let released = spool.superblock.releasedNumber
        #expect(released == 2 + 2 * 4)
    }

    /// Where a live frame's body begins, counted from 0 at the oldest.
    private func offsetOfFrame(_ index: Int, in spool: TestSpool) -> Int {
        let number = spool.superblock.releasedNumber + 1 + UInt64(index)
        let body = numberedBody(number, size: 120)
        let disk = spool.storage.current
        let start = SpoolFormat.segmentSizeBytes
        return (start..<disk.count - body.count).first {
            [UInt8](disk[$0..<$0 + body.count]) == body
        } ?? start
    }

    @Test(
        "garbage on the storage never keeps the spool from starting",
        arguments: 1...20 as ClosedRange<UInt64>
    )
    func garbage(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var storage = CrashingStorage(segments: 3, segmentSizeBytes: 1_024)
        let noise = (0..<storage.current.count).map { _ in
            UInt8.random(in: 0...255, using: &generator)
        }
        try storage.write(noise, at: 0)
        var spool = try TestSpool(small: storage)
        #expect(spool.liveCount == 0 && spool.lostCount == 0)
        try spool.append([1, 2, 3], at: FramePosition(epoch: 1, sequence: 1))
        #expect(try TestSpool(small: spool.storage).liveFrames().map(\.body) == [[1, 2, 3]])
    }

    @Test(
        "any damage leaves a spool that starts, keeps its account and takes reports",
        arguments: 1...60 as ClosedRange<UInt64>
    )
    func randomDamage(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var storage = try Self.filled().storage
        for _ in 0..<Int.random(in: 1...40, using: &generator) {
            let isSuperblock = Bool.random(using: &generator)
            let end = storage.current.count
            let range = isSuperblock ? 0..<100 : SpoolFormat.segmentSizeBytes..<end
            storage.damage(.random(in: range, using: &generator))
        }
        var spool = try TestSpool(small: storage)
        let live = try spool.liveFrames().count
        #expect(spool.liveCount == UInt64(live))
        let released = spool.superblock.releasedNumber
        #expect(spool.lostCount + spool.liveCount == spool.newestNumber - released)
        try spool.append([7], at: FramePosition(epoch: 9, sequence: 1))
        #expect(try TestSpool(small: spool.storage).liveFrames().last?.body == [7])
    }
}
