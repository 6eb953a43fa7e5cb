import Foundation
import Glibc
import Telemetry
import Testing

@testable import AgentProtocol
@testable import martletd

@Suite("A state directory that was damaged")
struct StateDamageTests {
    /// A stand whose agent ran once and left one report.
    static func used() throws -> Stand {
        let stand = try Stand()
        let agent = try stand.start()
        agent.signal(SIGTERM)
        #expect(agent.wait() == .exit(0))
        #expect(try stand.reports().count == 1)
        return stand
    }

    /// Replaces a file of the state, keeping its permissions.
    static func replace(_ stand: Stand, _ name: String, by bytes: [UInt8]) throws {
        let file = try FileHandle(forWritingTo: URL(filePath: stand.path("state/\(name)")))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: bytes)
        try file.close()
    }

    @Test("a spool that was cut short gets its size again", arguments: [0, 1_000, 70_000, 196_607])
    func shortSpool(size: Int) throws {
        let stand = try Self.used()
        let bytes = try stand.read("state/spool")
        try Self.replace(stand, "spool", by: [UInt8](bytes.prefix(size)))
        let agent = try stand.start()
        agent.signal(SIGTERM)
        #expect(agent.wait() == .exit(0))
        #expect(agent.errors.contains("the spool was cut short and gets its size again"))
        #expect(try stand.read("state/spool").count == 262_144)
        #expect(try stand.reports().last?.life.starts == 2)
    }

    @Test("a spool of noise is begun anew, and the next report is kept")
    func noiseSpool() throws {
        let stand = try Self.used()
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<262_144).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try Self.replace(stand, "spool", by: noise)
        let agent = try stand.start()
        agent.signal(SIGTERM)
        #expect(agent.wait() == .exit(0))
        #expect(try stand.reports().map(\.life.starts) == [2])
    }

    @Test(
        "a record or a crash file of another size or of noise does not stop the agent",
        arguments: ["record", "crash"],
        [0, 10, 64, 4_096, 5_000, 8_192, 20_000]
    )
    func sizes(name: String, size: Int) throws {
        let stand = try Self.used()
        try Self.replace(stand, name, by: [UInt8](repeating: 0xA5, count: size))
        let agent = try stand.start()
        #expect(try stand.status()["boot-epoch"] == 2)
        agent.signal(SIGTERM)
        #expect(agent.wait() == .exit(0))
        let check = try stand.spawn(["state", "check", "--state", stand.path("state")])
        #expect(check.wait() == .exit(0), "\(check.errors)")
    }

    @Test("a device's key of another size is refused", arguments: [0, 47, 49, 4_096])
    func keySizes(size: Int) throws {
        let stand = try Self.used()
        var bytes = try stand.read("state/device.key")
        bytes = [UInt8]((bytes + [UInt8](repeating: 0, count: 5_000)).prefix(size))
        try Self.replace(stand, "device.key", by: bytes)
        let agent = try stand.spawnAgent()
        #expect(agent.wait() == .exit(4))
        #expect(agent.errors.hasPrefix("error: the device's key file is damaged"))
    }

    @Test("what an interrupted start left is removed or made again")
    func leftovers() throws {
        let stand = try Self.used()
        for name in ["device.key.new", "record.new", "spool.new", "images/incoming", "images/x"] {
            try stand.write("state/\(name)", [1, 2, 3])
        }
        try FileManager.default.removeItem(atPath: stand.path("state/spool"))
        try FileManager.default.removeItem(atPath: stand.path("state/record"))
        let agent = try stand.start()
        let names = stand.stateFiles()
        #expect(!names.contains("images/incoming"))
        #expect(!names.contains("images/x"))
        #expect(!names.contains("spool.new"))
        #expect(!names.contains("record.new"))
        #expect(agent.endingNow == nil)
    }

    @Test("a crash record is read back, and with any byte changed there is none")
    func crashRecord() throws {
        let stand = try Self.used()
        let agent = try stand.start()
        agent.signal(SIGSEGV)
        #expect(agent.wait() == .signal(SIGSEGV))
        let bytes = try stand.read("state/crash")
        let record = try #require(CrashRecord(decoding: bytes))
        #expect(record.signal == 11)
        #expect(record.epoch == 2)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(CrashRecord(decoding: changed) == nil)
        }
        #expect(CrashRecord(decoding: [UInt8](bytes.dropLast())) == nil)
    }

    @Test("a configuration, a key or an identity that is too large is named as such")
    func tooLarge() throws {
        let stand = try Stand()
        stand.keys["name"] = "pump"
        try stand.write("k.pub", [UInt8](repeating: 0x41, count: 1_025))
        let agent = try stand.spawnAgent()
        #expect(agent.wait() == .exit(2))
        #expect(agent.errors.hasPrefix("error: the file is larger than its limit in bytes, 1024 ("))
        try stand.write("big.conf", [UInt8](repeating: 0x0A, count: 16_385))
        let other = try stand.spawn(["run", "--config", stand.path("big.conf")])
        #expect(other.wait() == .exit(2))
        #expect(
            other.errors.hasPrefix("error: the file is larger than its limit in bytes, 16384 (")
        )
    }
}
