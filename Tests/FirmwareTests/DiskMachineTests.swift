import Firmware
import Foundation
import Testing

/// Whether loop devices can be made here: the tests of a real kernel need root rights for that.
private let canMakeLoops = geteuid() == 0 && access("/dev/loop-control", R_OK | W_OK) == 0

@Suite("The machine that the tests run on", .serialized)
struct DiskMachineTests {
    @Test("its disks are read, and the one below its root is never free to be flashed")
    func ownMachine() throws {
        let inventory = try DiskInventory()
        var status = stat()
        try #require(stat("/", &status) == 0)
        let root = DeviceNumber(rawDevice: UInt64(status.st_dev))
        for disk in inventory.disks {
            #expect(!disk.name.isEmpty && disk.sizeBytes >= 0)
            let verdict = inventory.verdict(for: disk)
            if disk.number == root { #expect(verdict != .allowed) }
            if disk.uses.contains(where: \.isSystem) { #expect(verdict != .allowed) }
        }
        #expect(
            inventory.verdict(for: "/dev/null") == .refused([.notBlockDevice(path: "/dev/null")])
        )
    }

    @Test("a file of it may be flashed, and a folder may not")
    func ownFile() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data([1]).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let inventory = try DiskInventory()
        #expect(inventory.verdict(for: file.path()) == .allowed)
        #expect(Word(inventory.verdict(for: "/")) == .refused)
    }

    @Test(
        "a real loop device is free, then in use while it is mounted, and confirmed by its number",
        .enabled(if: canMakeLoops)
    )
    func loop() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (image, mount) = (folder.path() + "/disk.img", folder.path() + "/mount")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: false)
        try #require(FileManager.default.createFile(atPath: image, contents: nil))
        try #require(truncate(image, 8 << 20) == 0)
        _ = try run("/sbin/mkfs.ext4", ["-q", image])
        let device = try run("/sbin/losetup", ["--find", "--show", image])
        defer { _ = try? run("/sbin/losetup", ["--detach", device]) }

        let idle = try DiskInventory()
        #expect(idle.verdict(for: device) == .allowed)
        let disk = try #require(idle.disk(at: device))
        #expect(disk.sizeBytes == 8 << 20)
        var status = stat()
        try #require(stat(device, &status) == 0)
        try idle.confirm(disk, openedAs: UInt64(status.st_rdev))
        #expect(throws: DiskError.self) { try idle.confirm(disk, openedAs: 0x100) }
        #expect(Word(idle.verdict(for: image)) == .refused)

        _ = try run("/bin/mount", [device, mount])
        defer { _ = try? run("/bin/umount", [mount]) }
        let busy = try DiskInventory()
        #expect(Word(busy.verdict(for: device)) == .refused)
        let uses = try #require(busy.disk(at: device)).uses
        #expect(uses.map(\.kind) == [.mounted(path: mount)])
        // The kernel says so too.
        let descriptor = open(device, O_RDONLY | O_EXCL)
        #expect(descriptor < 0 && errno == EBUSY)
    }

    private func run(_ tool: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: tool)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(tool) \(arguments)")
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
