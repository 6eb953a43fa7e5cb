import Firmware
import Foundation
import Testing

@Suite("Disk layouts")
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

    @Test("case 1: sgdisk finds no problem in a GPT of ours")
    func sgdiskVerifies() throws {
        let disk = try TableDisk(Self.layout())
        let report = try TableTool.run("sgdisk", ["-v", disk.path]).standardOutput
        #expect(report.contains("No problems found"), "\(report)")
        #expect(!report.contains("Caution"), "\(report)")
    }

    @Test("case 2: sfdisk reports a GPT of ours as it was laid out", arguments: ["gpt", "mbr"])
    func sfdiskReports(table: String) throws {
        let layout = try Self.layout(table: table, partitions: Self.fourPartitions)
        let disk = try TableDisk(layout)
        #expect(try disk.sfdiskTable() == SfdiskTable(expected: layout, path: disk.path))
    }
}
