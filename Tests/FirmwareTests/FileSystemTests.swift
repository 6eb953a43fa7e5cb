import Foundation
import Testing

@testable import Firmware

@Suite("File systems in partitions")
struct FileSystemTests {
    private let identifiers = DiskIdentifiers(seed: "tests")

    /// Makes a file system of a kind; the path of its image.
    private func make(
        _ kind: FileSystemKind,
        _ sizeBytes: Int64,
        _ tree: FileTree,
        in workshop: ImageWorkshop,
        named name: String = "image"
    ) throws -> String {
        let work = try workshop.makeFolder("work-\(name)")
        let path = workshop.path(name)
        switch kind {
        case .fat16, .fat32:
            try FATMaker(workFolder: work, cancellation: Cancellation()).make(
                path,
                sizeBytes: sizeBytes,
                width: kind == .fat16 ? .fat16 : .fat32,
                volume: 0x1234_5678,
                label: "boot",
                tree: tree
            )
        case .ext4:
            try Ext4Maker(workFolder: work, cancellation: Cancellation()).make(
                path,
                sizeBytes: sizeBytes,
                identifier: identifiers.filesystem("data"),
                label: "data",
                tree: tree
            )
        default:
            try SquashFSMaker(workFolder: work, cancellation: Cancellation()).make(
                path,
                sizeBytes: sizeBytes,
                label: "root",
                tree: tree
            )
        }
        return path
    }

    private func sample() throws -> FileTree {
        var tree = FileTree()
        try tree.add("kernel.img", .bytes(ImageWorkshop.noise(100_000)))
        try tree.add("dtbs/a board with a long name.dtb", .bytes(ImageWorkshop.noise(4_097)))
        try tree.add("empty", .bytes([]))
        try tree.add("zeros", .bytes([UInt8](repeating: 0, count: 50_000)))
        return tree
    }

    @Test(
        "case 41: fsck.fat accepts FAT of every size, and mtools find what was put in",
        arguments: [
            (FileSystemKind.fat16, Int64(4)), (.fat16, 16), (.fat16, 500), (.fat32, 48),
            (.fat32, 600), (.fat32, 4_096),
        ]
    )
    func fat(kind: FileSystemKind, mebibytes: Int64) throws {
        let workshop = try ImageWorkshop()
        let path = try make(kind, mebibytes << 20, sample(), in: workshop)
        let check = try ImageWorkshop.run("fsck.fat", "-n", path)
        #expect(check.status == 0, "\(check.output)\(check.errors)")
        let info = try ImageWorkshop.run("minfo", "-i", path, "::")
        #expect(info.output.contains(kind == .fat16 ? "FAT16" : "FAT32"))
        #expect(info.output.contains("serial number: 12345678"))
        let name = "::/dtbs/a board with a long name.dtb"
        let file = try ImageWorkshop.run("mtype", "-i", path, name)
        #expect([UInt8](file.bytes) == ImageWorkshop.noise(4_097))
    }

    @Test(
        "case 42: e2fsck accepts ext4 of every size, owned by root, with a journal",
        arguments: [Int64(4), 31, 32, 600, 9_000]
    )
    func ext4(mebibytes: Int64) throws {
        let workshop = try ImageWorkshop()
        let path = try make(.ext4, mebibytes << 20, sample(), in: workshop)
        let check = try ImageWorkshop.run("e2fsck", "-fn", path)
        #expect(check.status == 0, "\(check.output)\(check.errors)")
        let list = try ImageWorkshop.run("debugfs", "-R", "ls -p /", path)
        #expect(list.output.contains("/100644/0/0/kernel.img/100000/"), "\(list.output)")
        let head = try ImageWorkshop.run("dumpe2fs", "-h", path)
        #expect(head.output.contains("has_journal"))
        let uuid = identifiers.filesystem("data")
        #expect(head.output.contains("Filesystem UUID:          \("\(uuid)".lowercased())"))
        let file = try ImageWorkshop.run("debugfs", "-R", "cat /kernel.img", path)
        #expect([UInt8](file.bytes) == ImageWorkshop.noise(100_000))
    }

    @Test("case 43: unsquashfs reads a squashfs whose files belong to root")
    func squashfs() throws {
        let workshop = try ImageWorkshop()
        var tree = try sample()
        try tree.add("bin/sh", .symlink(target: "/usr/bin/dash"))
        try tree.add("bin/tool", .bytes([1]), mode: 0o4755)
        let path = try make(.squashfs, 16 << 20, tree, in: workshop)
        #expect(try ImageWorkshop.run("unsquashfs", "-s", path).output.contains("SQUASHFS 4:0"))
        let list = try ImageWorkshop.run("unsquashfs", "-lln", path).output
        #expect(list.contains("-rwsr-xr-x 0/0"))
        #expect(list.contains("squashfs-root/bin/sh -> /usr/bin/dash"))
        #expect(list.split(separator: "\n").allSatisfy { $0.contains(" 0/0 ") }, "\(list)")
        let file = try ImageWorkshop.run("unsquashfs", "-cat", path, "kernel.img")
        #expect([UInt8](file.bytes) == ImageWorkshop.noise(100_000))
    }

    @Test(
        "case 44: folders of other times, modes of the host and order give the same bytes",
        arguments: [FileSystemKind.fat32, .ext4, .squashfs]
    )
    func deterministic(kind: FileSystemKind) throws {
        let workshop = try ImageWorkshop()
        var images: [Data] = []
        let names = ["b.bin", "a.bin", "sub/c.bin"]
        for (round, order) in [names, names.reversed()].enumerated() {
            for name in order {
                let path = try workshop.write("in-\(round)/\(name)", ImageWorkshop.noise(9_000))
                let time = round == 0 ? "2001-02-03 04:05:06" : "2020-02-03 04:05:06"
                try ImageWorkshop.run("touch", "-d", time, path)
            }
            let tree = try FileTree(folder: workshop.path("in-\(round)"))
            let path = try make(kind, 48 << 20, tree, in: workshop, named: "image-\(round)")
            images.append(try workshop.read(path))
        }
        #expect(images[0] == images[1])
    }

    @Test(
        "case 45: content that is larger than its partition is refused with the partition's name",
        arguments: [
            (FileSystemKind.fat16, Int64(4)), (.fat32, 40), (.ext4, 8), (.squashfs, 2),
        ]
    )
    func tooFull(kind: FileSystemKind, mebibytes: Int64) throws {
        let workshop = try ImageWorkshop()
        let noise = try workshop.write("noise", ImageWorkshop.noise(8 << 20))
        var tree = FileTree()
        for index in 0..<6 {
            try tree.add("file-\(index)", .file(path: noise, sizeBytes: 8 << 20))
        }
        let error = #expect(throws: ImageError.self) {
            try make(kind, mebibytes << 20, tree, in: workshop)
        }
        guard case .partitionFull(let name, let size, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!name.isEmpty && size == mebibytes << 20)
    }

    @Test(
        "case 46: sizes that a file system cannot have are refused",
        arguments: [
            (FileSystemKind.fat16, Int64(65_536)), (.fat16, 8 << 30), (.fat32, 4 << 20),
            (.ext4, 1 << 20), (.ext4, 512),
        ]
    )
    func tiny(kind: FileSystemKind, sizeBytes: Int64) throws {
        let workshop = try ImageWorkshop()
        let error = #expect(throws: ImageError.self) {
            try make(kind, sizeBytes, FileTree(), in: workshop)
        }
        guard case .partitionFull = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        "case 47: names that could leave the tree or mislead a reader are refused",
        arguments: [
            "", "/etc/passwd", "../up", "a/../b", "a/./b", "a//b", "a/", ".", "new\nline", "tab\t",
            "bell\u{7}", String(repeating: "n", count: 256),
            Array(repeating: "deep", count: 300).joined(separator: "/"),
        ]
    )
    func hostileName(name: String) {
        var tree = FileTree()
        let error = #expect(throws: ImageError.self) { try tree.add(name, .bytes([])) }
        guard case .nameRefused = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(tree.entries.isEmpty)
    }

    @Test("case 48: links are kept as text and never followed, and FAT refuses them")
    func links() throws {
        let workshop = try ImageWorkshop()
        try workshop.write("secret", "outside")
        let folder = try workshop.makeFolder("in")
        let files = FileManager.default
        for (name, target) in [("out", "../secret"), ("absolute", "/etc/shadow"), ("self", ".")] {
            try files.createSymbolicLink(atPath: folder + "/" + name, withDestinationPath: target)
        }
        let tree = try FileTree(folder: folder)
        #expect(tree["out"]?.content == .symlink(target: "../secret"))
        #expect(tree["self"]?.content == .symlink(target: "."))
        let path = try make(.ext4, 8 << 20, tree, in: workshop)
        let list = try ImageWorkshop.run("debugfs", "-R", "stat /absolute", path)
        #expect(list.output.contains("Fast link dest: \"/etc/shadow\""), "\(list.output)")
        #expect(throws: ImageError.nameRefused(name: "absolute", reason: "FAT holds no links")) {
            try make(.fat16, 8 << 20, tree, in: workshop, named: "fat")
        }
    }

    @Test(
        "case 49: FAT refuses names that it would store differently",
        arguments: [["A.TXT", "a.txt"], ["what?"], ["dot."], [" space"], ["ümlaut"], ["a:b"]]
    )
    func fatNames(names: [String]) throws {
        let workshop = try ImageWorkshop()
        var tree = FileTree()
        for name in names { try tree.add(name, .bytes([1])) }
        #expect(throws: ImageError.self) { try make(.fat16, 8 << 20, tree, in: workshop) }
        #expect(!FileManager.default.fileExists(atPath: workshop.path("image")))
    }

    @Test(
        "case 50: quotes, spaces, backslashes and letters of the world survive",
        arguments: [FileSystemKind.ext4, .squashfs]
    )
    func oddNames(kind: FileSystemKind) throws {
        let workshop = try ImageWorkshop()
        var tree = FileTree()
        let names = ["say \"hi\"", "back\\slash", "größe", "-dash", "semi;colon $(x)", "#hash"]
        for name in names { try tree.add("d/" + name, .bytes([UInt8](name.utf8))) }
        let path = try make(kind, 8 << 20, tree, in: workshop)
        let file = try SparseFile(reading: path)
        let system = try #require(
            try ImageFileSystem(file, 0..<file.sizeBytes, cancellation: Cancellation())
        )
        let found = try system.files().filter { $0.kind == .file }.map(\.path)
        #expect(Set(found) == Set(names.map { "d/" + $0 }))
    }

    @Test("case 51: a pipe, a socket or a device among the inputs is refused")
    func wrongKinds() throws {
        let workshop = try ImageWorkshop()
        let folder = try workshop.makeFolder("in")
        try ImageWorkshop.run("mkfifo", folder + "/pipe")
        let error = #expect(throws: ImageError.self) { try FileTree(folder: folder) }
        guard case .wrongKind(let path, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path == folder + "/pipe")
    }

    @Test(
        "case 52: what the block map leaves out may hold anything on a device",
        arguments: [FileSystemKind.fat16, .fat32, .ext4]
    )
    func unmappedBytes(kind: FileSystemKind) throws {
        let workshop = try ImageWorkshop()
        let path = try make(kind, 48 << 20, sample(), in: workshop)
        let file = try SparseFile(reading: path)
        let parts =
            kind == .ext4
            ? try Ext4Reader(path: path, offsetBytes: 0, cancellation: Cancellation()).allocated()
            : try FATReader(file, 0..<file.sizeBytes).allocated
        // A used card: every byte is junk before the mapped ones are written.
        let card = try SparseFile(creating: workshop.path("card"), sizeBytes: file.sizeBytes)
        let junk = ImageWorkshop.noise(1 << 20, seed: 77)
        for index in 0..<48 { try card.write(junk, at: Int64(index) << 20) }
        for part in parts {
            let count = Int(part.upperBound - part.lowerBound)
            try card.write(file.read(at: part.lowerBound, count: count), at: part.lowerBound)
        }
        let check =
            kind == .ext4
            ? try ImageWorkshop.run("e2fsck", "-fn", card.path)
            : try ImageWorkshop.run("fsck.fat", "-n", card.path)
        #expect(check.status == 0, "\(check.output)\(check.errors)")
        let zeros =
            kind == .ext4
            ? try ImageWorkshop.run("debugfs", "-R", "cat /zeros", card.path)
            : try ImageWorkshop.run("mtype", "-i", card.path, "::/zeros")
        #expect([UInt8](zeros.bytes) == [UInt8](repeating: 0, count: 50_000))
    }

    @Test("case 53: damaged FAT is refused or read, and never believed beyond its bounds")
    func damagedFAT() throws {
        let workshop = try ImageWorkshop()
        let path = try make(.fat16, 4 << 20, sample(), in: workshop)
        let good = [UInt8](try workshop.read(path))
        var generator = ImageNoise(seed: 53)
        var refused = 0
        for round in 0..<300 {
            var bytes = good
            for _ in 0..<4 {
                // The boot sector, the table and the root folder.
                bytes[Int(generator.next() % 50_000)] = UInt8(truncatingIfNeeded: generator.next())
            }
            bytes[Int(generator.next() % 64)] = UInt8(truncatingIfNeeded: generator.next())
            let name = try workshop.write("damaged", bytes)
            do {
                let file = try SparseFile(reading: name)
                let reader = try FATReader(file, 0..<file.sizeBytes)
                for node in try reader.nodes() where !node.isFolder {
                    var size = 0
                    try reader.read(node) { size += $0.count }
                    #expect(size == node.sizeBytes, "seed 53, round \(round)")
                }
                #expect(reader.allocated.allSatisfy { $0.upperBound <= 4 << 20 })
            } catch {
                refused += 1
            }
        }
        #expect(refused > 10)
    }
}

/// SplitMix64, so that a failing round can be repeated.
struct ImageNoise {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
