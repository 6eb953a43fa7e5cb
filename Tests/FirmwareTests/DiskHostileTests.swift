import Firmware
import Foundation
import Testing

@Suite("Trees that no kernel makes")
struct DiskHostileTests {
    @Test("devices that hold each other end the walk, and the uses in the circle are found")
    func cycles() throws {
        let tree = try DiskTree("hostile-cycles")
        let inventory = try DiskInventory(systemRoot: tree.root)
        let disk = try #require(inventory.disk(at: "/dev/sda"))
        #expect(
            disk.uses.map(\.description) == [
                "dm-2 (c) -> dm-1 (b) -> mounted at /mnt/x",
                "dm-2 (c) -> dm-1 (b) -> held by dm-0",
            ]
        )
    }

    @Test(
        "a size that is no number of sectors is refused",
        arguments: ["/dev/sdb", "/dev/sdc"]
    )
    func sizes(path: String) throws {
        let tree = try DiskTree("hostile-cycles")
        let verdict = try DiskInventory(systemRoot: tree.root).verdict(for: path)
        #expect(verdict == .refused([.unreadable(attribute: "size"), .noMedium]))
    }

    @Test("a size of random bytes is refused")
    func binarySize() throws {
        let tree = try DiskTree("gateway-sata-usb")
        try tree.write("/sys/block/sdb/size", bytes: [0xff, 0x00, 0xc3, 0x28, 0x0a])
        let verdict = try DiskInventory(systemRoot: tree.root).verdict(for: "/dev/sdb")
        #expect(verdict == .refused([.unreadable(attribute: "size"), .noMedium]))
    }

    @Test("ten thousand devices are refused as a whole")
    func thousands() throws {
        let tree = try DiskTree("gateway-sata-usb")
        for index in 0..<10_000 { try tree.link("/sys/block/x\(index)", to: "../devices/none") }
        #expect(throws: DiskError.tooMany(path: "/sys/block", limit: 4_096)) {
            try DiskInventory(systemRoot: tree.root)
        }
    }

    @Test(
        "a device with an impossible name is refused as a whole",
        arguments: [
            "sd\na", "sd~", "a b", String(repeating: "s", count: 65), "\u{1b}[31m", "größe",
        ]
    )
    func names(name: String) throws {
        let tree = try DiskTree("gateway-sata-usb")
        try tree.link("/sys/block/" + name, to: "../devices/none")
        #expect(throws: DiskError.nameRefused(folder: "/sys/block", name: name)) {
            try DiskInventory(systemRoot: tree.root)
        }
    }

    @Test("a link out of the tree stays in the tree")
    func escape() throws {
        let tree = try DiskTree("gateway-sata-usb")
        let secret = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data("root=/dev/sdb".utf8).write(to: secret)
        defer { try? FileManager.default.removeItem(at: secret) }
        try tree.remove("/proc/cmdline")
        try tree.link("/proc/cmdline", to: secret.path())
        #expect(try DiskInventory(systemRoot: tree.root).verdict(for: "/dev/sdb") == .allowed)
        try tree.remove("/proc/cmdline")
        try tree.link("/proc/cmdline", to: String(repeating: "../", count: 40) + secret.path())
        #expect(try DiskInventory(systemRoot: tree.root).verdict(for: "/dev/sdb") == .allowed)
    }

    @Test("links in a circle are an error, in the tree and in the path")
    func linkCircle() throws {
        let tree = try DiskTree("gateway-sata-usb")
        try tree.link("/dev/disk/by-id/loop", to: "loop")
        let inventory = try DiskInventory(systemRoot: tree.root)
        #expect(
            inventory.verdict(for: "/dev/disk/by-id/loop")
                == .refused([.notFound(path: "/dev/disk/by-id/loop")])
        )
        try tree.link("/sys/block/sde", to: "sde")
        #expect(throws: DiskError.tooManyLinks(path: "/sys/block/sde")) {
            try DiskInventory(systemRoot: tree.root)
        }
    }

    @Test("a pipe in place of an attribute does not stop the reader")
    func pipe() throws {
        let tree = try DiskTree("gateway-sata-usb")
        let path = tree.url("/sys/block/sdb/ro").resolvingSymlinksInPath().path()
        try FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        let verdict = try DiskInventory(systemRoot: tree.root).verdict(for: "/dev/sdb")
        #expect(verdict == .refused([.unreadable(attribute: "ro"), .readOnly]))
    }

    @Test(
        "a disk of which the kernel does not tell all is refused",
        arguments: ["size", "ro", "holders", "dev"]
    )
    func missing(attribute: String) throws {
        let tree = try DiskTree("gateway-sata-usb")
        try tree.remove("/sys/block/sdb/" + attribute)
        let reasons = try DiskInventory(systemRoot: tree.root).verdict(for: "/dev/sdb").reasons
        let name = attribute == "dev" ? "number" : attribute
        #expect(reasons.first == .unreadable(attribute: name))
    }

    @Test(
        "without the mount table or the list of disks nothing is told",
        arguments: ["/proc/self/mountinfo", "/sys/block"]
    )
    func missingTable(path: String) throws {
        let tree = try DiskTree("gateway-sata-usb")
        try tree.remove(path)
        #expect(throws: DiskError.unreadable(path: path, code: 2)) {
            try DiskInventory(systemRoot: tree.root)
        }
    }

    @Test(
        "a mount table in another form is an error that names the line",
        arguments: [
            "", "\n\n", "21 1 8:2 / / rw shared:1\n", "21 1 8-2 / / rw - ext4 /dev/sda2 rw\n",
            "21 1 8:2 / / rw shared:1 - ext4\n", "\u{0}\n",
        ]
    )
    func malformedTable(text: String) throws {
        let tree = try DiskTree("gateway-sata-usb")
        try tree.write("/proc/self/mountinfo", text)
        #expect(throws: DiskError.malformed(path: "/proc/self/mountinfo", line: 1)) {
            try DiskInventory(systemRoot: tree.root)
        }
    }

    @Test("a mount table of 17 MiB is an error")
    func longTable() throws {
        let tree = try DiskTree("gateway-sata-usb")
        try tree.write("/proc/self/mountinfo", bytes: [UInt8](repeating: 0x20, count: 17 << 20))
        #expect(
            throws: DiskError.tooLong(path: "/proc/self/mountinfo", limitBytes: 16 << 20)
        ) { try DiskInventory(systemRoot: tree.root) }
    }

    @Test("what a device says of itself comes to the terminal as printable ASCII")
    func controlCharacters() throws {
        let tree = try DiskTree("gateway-sata-usb")
        try tree.write("/sys/block/sdb/device/model", "good\u{1b}[2J\u{7}disk\u{85}")
        let disk = try DiskInventory(systemRoot: tree.root).disk(at: "/dev/sdb")
        #expect(disk?.model == "good?[2J?disk??")
        let long = String(repeating: "M", count: 4_000)
        try tree.write("/sys/block/sdb/device/model", long)
        let other = try DiskInventory(systemRoot: tree.root).disk(at: "/dev/sdb")
        #expect(other?.model == String(repeating: "M", count: 128))
    }
}
