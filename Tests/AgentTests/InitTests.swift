import BootControl
import Foundation
import Testing

@testable import AgentProtocol
@testable import martletd

@Suite("The parts of init")
struct InitTests {
    private func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

    @Test("restarts wait 1 s, then twice as long up to 60 s, and a long run sets that back")
    func restarts() {
        let second: Int64 = 1_000_000_000
        var wait = RestartWait()
        let waits = (0..<9).map { _ in wait.after(run: second) / second }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        #expect(wait.after(run: 60 * second) == second)
        #expect(wait.after(run: 60 * second - 1) == 2 * second)
    }

    @Test(
        "the running slot is the kernel's argument, and nothing like it",
        arguments: [
            ("console=ttyS0 martlet.slot=A quiet\n", Slot.a), ("martlet.slot=B", .b),
            ("martlet.slot=C", nil), ("martlet.slot=", nil), ("martlet.slot=AB", nil),
            ("xmartlet.slot=A", nil), ("martlet.slot=b", nil), ("", nil),
        ] as [(String, Slot?)]
    )
    func slot(commandLine: String, slot: Slot?) {
        #expect(SlotStore.slot(in: bytes(commandLine)) == slot)
    }

    @Test("a slot is confirmed when the agent answers, or when a report of this start arrived")
    func rules() {
        let silent = bytes("enrolled true\nacknowledged-sequence 7\nacknowledged-age-ms -\n")
        let heard = bytes("acknowledged-age-ms 12\nenrolled true\n")
        #expect(SystemSettings.ConfirmRule.serving.holds(silent))
        #expect(!SystemSettings.ConfirmRule.reported.holds(silent))
        #expect(SystemSettings.ConfirmRule.reported.holds(heard))
        #expect(!SystemSettings.ConfirmRule.reported.holds(bytes("x-acknowledged-age-ms 1\n")))
    }

    @Test("systemd's network service is told what device.conf says")
    func networkUnit() throws {
        let fixed = try DeviceSettings.parse(
            bytes(
                "hostname a\ninterface eth0\nnetwork static 10.0.2.15/24\ngateway 10.0.2.2\n"
                    + "dns 10.0.2.3\n"
            )
        )
        let expected = """
            [Match]
            Name=eth0
            [Network]
            Address=10.0.2.15/24
            Gateway=10.0.2.2
            DNS=10.0.2.3

            """
        #expect(Networking.unit(fixed) == bytes(expected))
        let asked = try DeviceSettings.parse(bytes("hostname a\ninterface e\nnetwork dhcp\n"))
        #expect(Networking.unit(asked) == bytes("[Match]\nName=e\n[Network]\nDHCP=yes\n"))
        #expect(Networking.unit(.unnamed) == nil)
    }
}

/// Trees like the kernel's, with disks that sgdisk and sfdisk wrote.
@Suite("The search for the disk")
final class BlockDevicesTests {
    private let folder = URL(filePath: "/tmp/martlet-\(UUID().uuidString.prefix(13))")

    init() throws {
        for name in ["block", "dev"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name),
                withIntermediateDirectories: true
            )
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func path(_ name: String) throws -> martletd.BlockDevices {
        BlockDevices(
            sysfs: try #require(Path([UInt8](folder.appending(path: "block").path().utf8))),
            devices: try #require(Path([UInt8](folder.appending(path: "dev").path().utf8)))
        )
    }

    /// A disk as the kernel shows it: `partitions` are names and numbers.
    private func add(_ disk: String, _ partitions: [(String, Int)], size: Int = 1 << 20) throws {
        let sysfs = folder.appending(path: "block/\(disk)")
        for (name, number) in partitions {
            let place = sysfs.appending(path: name)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data("\(number)\n".utf8).write(to: place.appending(path: "partition"))
        }
        for name in ["queue", "holders"] {
            try FileManager.default.createDirectory(
                at: sysfs.appending(path: name),
                withIntermediateDirectories: true
            )
        }
        try Data(count: size).write(to: folder.appending(path: "dev/\(disk)"))
    }

    private func run(_ tool: String, _ arguments: [String], input: String = "") throws {
        let process = Process()
        process.executableURL = URL(filePath: tool)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try pipe.fileHandleForWriting.close()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    private func device(_ name: String) -> String { folder.appending(path: "dev/\(name)").path() }

    /// The bytes of 01234567-89AB-8CDE-8F01-23456789ABCD on a disk: three fields little-endian.
    private let identity: [UInt8] = [
        0x67, 0x45, 0x23, 0x01, 0xAB, 0x89, 0xDE, 0x8C, 0x8F, 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB,
        0xCD,
    ]

    @Test("a GPT is found by its identifier among disks of all kinds, and its partitions by number")
    func gpt() throws {
        let found = try path("")
        try add("ram0", [])
        try add("sda", [("sda1", 1)])
        try add("empty", [], size: 0)
        try add("nvme0n1", [("nvme0n1p1", 1), ("nvme0n1p12", 12), ("nvme0n1p2", 2)])
        try run(
            "/usr/sbin/sgdisk",
            ["-U", "01234567-89AB-8CDE-8F01-23456789ABCD", device("nvme0n1")]
        )
        try run("/usr/sbin/sgdisk", ["-U", "R", device("sda")])
        let disk = try #require(found.disk(.gpt(identity)))
        #expect(disk == [UInt8]("nvme0n1".utf8))
        #expect(found.partition(2, of: disk)?.text == [UInt8](device("nvme0n1p2").utf8))
        #expect(found.partition(12, of: disk)?.text == [UInt8](device("nvme0n1p12").utf8))
        #expect(found.partition(3, of: disk) == nil)
        #expect(found.disk(.gpt([UInt8](identity.reversed()))) == nil)
    }

    @Test("an MBR is found by its signature, and a protective one is not taken for it")
    func mbr() throws {
        let found = try path("")
        try add("mmcblk0", [("mmcblk0p1", 1)])
        try run(
            "/usr/sbin/sfdisk",
            ["--quiet", device("mmcblk0")],
            input: "label: dos\nlabel-id: 0x1a2b3c4d\n64,,c\n"
        )
        #expect(found.disk(.mbr([0x4D, 0x3C, 0x2B, 0x1A])) == [UInt8]("mmcblk0".utf8))
        #expect(found.disk(.mbr([0x1A, 0x2B, 0x3C, 0x4D])) == nil)
        #expect(found.disk(.gpt(identity)) == nil)
    }

    @Test("of two disks with one identifier the first by name is taken")
    func copies() throws {
        let found = try path("")
        for name in ["vdb", "vda", "vdc"] {
            try add(name, [])
            try run(
                "/usr/sbin/sgdisk",
                ["-U", "01234567-89AB-8CDE-8F01-23456789ABCD", device(name)]
            )
        }
        #expect(found.disk(.gpt(identity)) == [UInt8]("vda".utf8))
    }

    @Test("a `!` of a disk's name stands for a folder of /dev")
    func folders() throws {
        let found = try path("")
        try add("cciss!c0d0", [("cciss!c0d0p1", 1)])
        let partition = try #require(found.partition(1, of: [UInt8]("cciss!c0d0".utf8)))
        #expect(partition.text == [UInt8](device("cciss/c0d0p1").utf8))
    }
}
