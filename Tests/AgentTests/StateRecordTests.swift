import BundleFormat
import Foundation
import Testing

@testable import AgentProtocol
@testable import martletd

@Suite("The state record")
struct StateRecordTests {
    static func record(boots count: Int = 3) -> StateRecord {
        var record = StateRecord()
        record.contentID = [UInt8](0..<32)
        record.collectorKeyID = [UInt8](8..<16)
        record.isEnrolled = true
        for boot in 0..<UInt64(count) { record.beginBoot(after: boot, nonce: boot + 100) }
        record.revision = 7
        return record
    }

    /// A folder with a record file of two copies.
    static func withFolder(
        _ copies: [[UInt8]],
        _ body: (borrowing StateDirectory) throws -> Void
    ) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = try #require(Path([UInt8](folder.path().utf8)))
        if !copies.isEmpty {
            try Data(copies.flatMap { $0 }).write(to: folder.appending(path: "record"))
        }
        try body(try StateDirectory(taking: path))
    }

    @Test("a record is read back as it was written")
    func roundTrip() {
        for count in [0, 1, 3, 128] {
            let record = Self.record(boots: count)
            let bytes = record.encoded()
            #expect(bytes.count == 4_096)
            #expect(StateRecord(decoding: bytes) == record)
        }
    }

    @Test("a change of any byte is refused")
    func flips() {
        let bytes = Self.record().encoded()
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(StateRecord(decoding: changed) == nil)
        }
        #expect(StateRecord(decoding: [UInt8](bytes.dropLast())) == nil)
        #expect(StateRecord(decoding: bytes + [0]) == nil)
        #expect(StateRecord(decoding: []) == nil)
    }

    @Test("a record of another version, or of too many boots, is refused though it is whole")
    func versions() {
        for (offset, value) in [(8, UInt8(2)), (12, 129)] {
            var changed = [UInt8](Self.record().encoded().prefix(4_064))
            changed[offset] = value
            #expect(StateRecord(decoding: changed + Sodium.blake2b(changed)) == nil)
        }
    }

    @Test("the epoch goes beyond the spool's and never back")
    func epochs() {
        var record = Self.record(boots: 3)
        #expect(record.epoch == 3)
        record.beginBoot(after: 9, nonce: 1)
        #expect(record.epoch == 10)
        record.beginBoot(after: 2, nonce: 1)
        #expect(record.epoch == 11)
    }

    @Test("the last 128 boots are remembered")
    func bootsAreCapped() {
        let record = Self.record(boots: 200)
        #expect(record.boots.count == 128)
        #expect(record.boots.map(\.epoch) == [UInt64](73...200))
        #expect(record.nonce(of: 72) == 0)
        #expect(record.nonce(of: 73) == 172)
        #expect(record.nonce(of: 200) == 299)
    }

    @Test("starts that left no report do not push out the boots whose reports wait")
    func failedStarts() {
        var record = Self.record(boots: 2)
        for _ in 0..<1_000 { record.beginBoot(after: 2, nonce: 5) }
        #expect(record.epoch == 1_002)
        #expect(record.nonce(of: 1) == 100)
        #expect(record.nonce(of: 2) == 101)
        #expect(record.boots.count == 3)
    }

    @Test("the newest whole copy counts, and the older one is written next")
    func twoCopies() throws {
        var older = Self.record()
        older.revision = 4
        var newer = Self.record()
        newer.revision = 5
        newer.isRunning = false
        try Self.withFolder([older.encoded(), newer.encoded()]) { directory in
            var file = try StateRecordFile(directory)
            #expect(file.record == newer)
            #expect(file.damagedCount == 0)
            try file.write(file.record)
            #expect(file.record.revision == 6)
            let again = try StateRecordFile(directory)
            #expect(again.record == file.record)
        }
    }

    @Test("a torn copy falls back to the older one, and a blank one is not damage")
    func tornCopy() throws {
        var older = Self.record()
        older.revision = 4
        var newer = Self.record()
        newer.revision = 5
        let torn = [UInt8](newer.encoded().prefix(512)) + [UInt8](repeating: 0, count: 3_584)
        try Self.withFolder([older.encoded(), torn]) { directory in
            let file = try StateRecordFile(directory)
            #expect(file.record == older)
            #expect(file.damagedCount == 1)
        }
        let blank = [UInt8](repeating: 0, count: 4_096)
        try Self.withFolder([blank, newer.encoded()]) { directory in
            let file = try StateRecordFile(directory)
            #expect(file.record == newer)
            #expect(file.damagedCount == 0)
        }
    }

    @Test("when both copies are damaged the agent starts anew")
    func bothDamaged() throws {
        let noise = [UInt8](repeating: 0xA5, count: 8_192)
        try Self.withFolder([noise]) { directory in
            let file = try StateRecordFile(directory)
            #expect(file.record == StateRecord())
            #expect(file.damagedCount == 2)
        }
    }

    @Test("a missing record is made, blank")
    func missing() throws {
        try Self.withFolder([]) { directory in
            var file = try StateRecordFile(directory)
            #expect(file.record == StateRecord())
            #expect(file.damagedCount == 0)
            try file.write(Self.record())
            #expect(try StateRecordFile(directory).record.epoch == 3)
        }
    }
}
