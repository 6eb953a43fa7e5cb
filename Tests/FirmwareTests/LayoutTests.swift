import Firmware
import Foundation
import Testing

@Suite("Disk layouts as the partitioning tools see them")
struct LayoutTests {
    static func layout(
        table: String = "gpt",
        partitions: String? = nil,
        sizeBytes: Int64 = 256 << 20
    ) throws -> DiskLayout {
        var sample = ProfileSample()
        sample.table = table
        sample.sizeBytes = sizeBytes
        if let partitions { sample.partitions = partitions }
        return try DiskLayout(FirmwareProfile(yaml: sample.yaml))
    }

    static let fourPartitions = """
          - {name: boot, kind: boot, size-bytes: 16777216, filesystem: fat16}
          - {name: system, kind: system, size-bytes: 50331648, filesystem: fat32}
          - {name: bytes, kind: raw, size-bytes: 4194304}
          - {name: data, kind: data, size-bytes: grow, filesystem: ext4}
        """

    @Test("case 1: sgdisk finds no problem in a GPT of ours, and has no caution")
    func sgdiskVerifies() throws {
        let disk = try TableDisk(Self.layout())
        let report = try TableTool.run("sgdisk", ["-v", disk.path]).standardOutput
        #expect(report.contains("No problems found"), "\(report)")
        #expect(!report.contains("Caution"), "\(report)")
    }

    @Test("case 2: sfdisk reports a table of ours as it was laid out", arguments: ["gpt", "mbr"])
    func sfdiskReports(table: String) throws {
        let layout = try Self.layout(table: table, partitions: Self.fourPartitions)
        let disk = try TableDisk(layout)
        #expect(try disk.sfdiskTable() == SfdiskTable(expected: layout, path: disk.path))
    }

    @Test("case 3: sfdisk verifies a table of ours without a remark", arguments: ["gpt", "mbr"])
    func sfdiskVerifies(table: String) throws {
        let disk = try TableDisk(Self.layout(table: table, partitions: Self.fourPartitions))
        let report = try TableTool.run("sfdisk", ["--verify", disk.path])
        #expect(report.standardOutput.contains("No errors detected."), "\(report)")
        #expect(report.standardError == "")
    }

    @Test("case 4: sgdisk prints type, identifier, name and flag of each partition as laid out")
    func sgdiskInformation() throws {
        let layout = try Self.layout()
        let disk = try TableDisk(layout)
        let typeNames = [
            "Linux filesystem", "U-Boot boot loader", "Linux filesystem", "Linux filesystem",
            "Unknown", "Unknown",
        ]
        for (partition, typeName) in zip(layout.partitions, typeNames) {
            let report = try TableTool.run("sgdisk", ["-i", "\(partition.number)", disk.path])
                .standardOutput
            let identifier = try #require(partition.identifier)
            for line in [
                "Partition GUID code: \(partition.typeIdentifier)", "(\(typeName)",
                "Partition unique GUID: \(identifier)",
                "First sector: \(partition.startBytes / 512) ",
                "Last sector: \(partition.endBytes / 512 - 1) ",
                "Attribute flags: 000000000000000\(partition.number == 1 ? 4 : 0)",
                "Partition name: '\(partition.name)'",
            ] { #expect(report.contains(line), "\(line) in \(report)") }
        }
    }

    @Test(
        "case 5: both tools accept the table of every profile of the project",
        arguments: try ProfileTests.ownNames()
    )
    func ownProfiles(name: String) throws {
        let profile = try ProfileTests.ownProfile(name)
        guard profile.disk != nil else {
            #expect(throws: LayoutError.noDisk(profile: profile.name)) { try DiskLayout(profile) }
            return
        }
        let layout = try DiskLayout(profile)
        let disk = try TableDisk(layout)
        #expect(try disk.sfdiskTable() == SfdiskTable(expected: layout, path: disk.path))
        let verified = try TableTool.run("sfdisk", ["--verify", disk.path])
        #expect(verified.standardOutput.contains("No errors detected."), "\(verified)")
        if layout.table == .gpt {
            let report = try TableTool.run("sgdisk", ["-v", disk.path]).standardOutput
            #expect(report.contains("No problems found"), "\(report)")
        }
        let read = try DiskLayout(reading: disk)
        #expect(read.tableSegments() == layout.tableSegments())
    }

    @Test("case 6: a table that sgdisk made is read back, with its flags and a name of UTF-16")
    func sgdiskMade() throws {
        let disk = try TableDisk(sizeBytes: 64 << 20)
        try TableTool.run(
            "sgdisk",
            [
                "-o", "-U", "11111111-2222-3333-4444-555555555555", "-n", "1:2048:+8M", "-t",
                "1:ef00", "-c", "1:Grüße 😀", "-u", "1:AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE", "-n",
                "5:40960:+4M", "-t", "5:8300", "-A", "5:set:2", disk.path,
            ]
        )
        let layout = try DiskLayout(reading: disk)
        #expect(layout.condition == .intact)
        #expect(layout.sizeBytes == 64 << 20)
        let identifier = try #require(GUID("11111111-2222-3333-4444-555555555555"))
        #expect(layout.diskIdentifier == .gpt(identifier))
        #expect(layout.partitions.map(\.number) == [1, 5])
        #expect(layout.partitions.map(\.name) == ["Grüße 😀", ""])
        #expect(layout.partitions.map(\.startBytes) == [1 << 20, 20 << 20])
        #expect(layout.partitions.map(\.sizeBytes) == [8 << 20, 4 << 20])
        #expect(layout.partitions.map(\.attributes) == [0, 4])
        #expect(layout.partitions.map(\.kind) == [.efiSystem, nil])
        #expect(
            layout.partitions[0].identifier == GUID("AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE")
        )
    }

    @Test("case 7: tables that sfdisk made are read back", arguments: ["gpt", "dos"])
    func sfdiskMade(label: String) throws {
        let disk = try TableDisk(sizeBytes: 64 << 20)
        let script = """
            label: \(label)
            start=2048, size=16384, type=\(label == "gpt" ? "U" : "ef")
            start=18432, size=20480, type=L\(label == "gpt" ? "" : ", bootable")
            """
        try TableTool.run("sfdisk", [disk.path], input: script)
        let layout = try DiskLayout(reading: disk)
        let reported = try disk.sfdiskTable()
        #expect(layout.table == (label == "gpt" ? .gpt : .mbr))
        #expect(layout.partitions.map { $0.startBytes / 512 } == [2048, 18432])
        #expect(layout.partitions.map { $0.sizeBytes / 512 } == [16384, 20480])
        #expect(
            layout.partitions.map { "\($0.typeIdentifier)" } == reported.partitions?.map(\.type)
        )
        #expect(layout.partitions[0].kind == .efiSystem)
        #expect(layout.partitions[1].attributes == (label == "gpt" ? 0 : 4))
    }

    @Test("case 8: sfdisk's dump of our table makes the same table", arguments: ["gpt", "mbr"])
    func dumpAndRestore(table: String) throws {
        let layout = try Self.layout(table: table, partitions: Self.fourPartitions)
        let disk = try TableDisk(layout)
        let dump = try TableTool.run("sfdisk", ["-d", disk.path]).standardOutput
        let copy = try TableDisk(sizeBytes: layout.sizeBytes)
        try TableTool.run("sfdisk", [copy.path], input: dump)
        #expect(
            try DiskLayout(reading: copy).tableSegments()[0].bytes[446...]
                == layout.tableSegments()[0].bytes[446...]
        )
    }

    @Test("case 12: offsets beyond 4 TiB are written and read; the protective entry ends at 2 TiB")
    func sixTebibytes() throws {
        let size: Int64 = 6 << 40
        let partitions = """
              - {name: low, kind: raw, size-bytes: 4194304}
              - {name: high, kind: raw, start-bytes: \(Int64(5) << 40), size-bytes: 4194304}
              - {name: data, kind: data, size-bytes: grow, filesystem: ext4}
            """
        let layout = try Self.layout(partitions: partitions, sizeBytes: size)
        #expect(layout.partitions[1].startBytes == 5 << 40)
        #expect(layout.partitions[2].endBytes == size - (1 << 20))
        #expect(layout.tableSegments()[0].bytes[446..<462].suffix(4) == [0xff, 0xff, 0xff, 0xff])
        let disk = try TableDisk(layout)
        #expect(try disk.sfdiskTable() == SfdiskTable(expected: layout, path: disk.path))
        let report = try TableTool.run("sgdisk", ["-v", disk.path]).standardOutput
        #expect(report.contains("No problems found"), "\(report)")
        #expect(try DiskLayout(reading: disk).tableSegments() == layout.tableSegments())
    }

    @Test("case 14: on larger media the backup moves and the last partition grows to the end")
    func expanded() throws {
        let layout = try Self.layout()
        let size: Int64 = (1 << 30) + 512 * 7
        let disk = try TableDisk(sizeBytes: size)
        try disk.write(layout)
        // Read from an image on larger media: the table is that of the image.
        let read = try DiskLayout(reading: disk)
        #expect(read.sizeBytes == layout.sizeBytes)
        let grown = try read.expanded(toSizeBytes: size)
        #expect(
            grown.partitions.dropLast().map(\.endBytes)
                == layout.partitions.dropLast().map(\.endBytes)
        )
        try disk.write(grown)
        let report = try TableTool.run("sgdisk", ["-v", disk.path]).standardOutput
        #expect(report.contains("No problems found"), "\(report)")
        #expect(try disk.sfdiskTable() == SfdiskTable(expected: grown, path: disk.path))
        var sample = ProfileSample()
        sample.sizeBytes = 256 << 20
        let profile = try FirmwareProfile(yaml: sample.yaml)
        #expect(
            try DiskLayout(profile, sizeBytes: size).tableSegments() == grown.tableSegments()
        )
        let still = try layout.expanded(toSizeBytes: size, growLast: false)
        #expect(still.partitions == layout.partitions)
    }

    @Test("case 15: an MBR grows as far as 32 bits count, and sfdisk agrees")
    func expandedMBR() throws {
        let layout = try Self.layout(table: "mbr", partitions: Self.fourPartitions)
        let grown = try layout.expanded(toSizeBytes: 3 << 40)
        #expect(grown.partitions[3].endBytes == (2 << 40) - (1 << 20))
        let disk = try TableDisk(grown)
        #expect(try disk.sfdiskTable() == SfdiskTable(expected: grown, path: disk.path))
    }

    @Test("case 16: media smaller than what is on them are refused with what they need")
    func shrunk() throws {
        let layout = try Self.layout()
        let needed = (layout.partitions.map(\.endBytes).max() ?? 0) + 33 * 512
        #expect(throws: LayoutError.mediaTooSmall(sizeBytes: 128 << 20, neededBytes: needed)) {
            try layout.expanded(toSizeBytes: 128 << 20)
        }
        #expect(throws: LayoutError.unusableMediaSize(sizeBytes: (1 << 30) + 1)) {
            try layout.expanded(toSizeBytes: (1 << 30) + 1)
        }
    }

    @Test("case 17: identifiers are what b2sum computes from the seed")
    func identifiers() throws {
        let ids = DiskIdentifiers(seed: "martlet/sample")
        func hash(_ role: String, _ name: String) throws -> String {
            let input = "martlet-id/1\nmartlet/sample\n\(role)\n\(name)"
            return String(
                try TableTool.run("b2sum", ["-l", "256"], input: input).standardOutput.prefix(64)
            )
        }
        func guid(_ hash: String) throws -> String {
            var digits = Array(hash.prefix(32).uppercased())
            digits[12] = "8"
            let variant = try #require(Int(String(digits[16]), radix: 16))
            digits[16] = Character(String(variant & 3 | 8, radix: 16).uppercased())
            return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
                .joined(separator: "-")
        }
        #expect("\(ids.disk)" == (try guid(hash("disk", ""))))
        #expect("\(ids.partition("data"))" == (try guid(hash("partition", "data"))))
        #expect("\(ids.filesystem("data"))" == (try guid(hash("filesystem", "data"))))
        let bytes = ids.fatVolume("config").littleEndian
        #expect(
            try hash("filesystem", "config").hasPrefix(String(format: "%08x", bytes.byteSwapped))
        )
        #expect(ids.diskSignature != 0)
    }

    @Test("case 18: two builds have the same table, another seed has other identifiers only")
    func seeds() throws {
        #expect(try Self.layout().tableSegments() == Self.layout().tableSegments())
        var profile = try FirmwareProfile(yaml: ProfileSample().yaml)
        let first = try DiskLayout(profile)
        profile.disk?.seed = "martlet/other"
        let second = try DiskLayout(profile)
        #expect(first.diskIdentifier != second.diskIdentifier)
        #expect(
            zip(first.partitions, second.partitions).allSatisfy { $0.identifier != $1.identifier }
        )
        #expect(first.partitions.map(\.startBytes) == second.partitions.map(\.startBytes))
        let all = first.partitions.map(\.identifier) + second.partitions.map(\.identifier)
        #expect(Set(all).count == 12)
    }
}
