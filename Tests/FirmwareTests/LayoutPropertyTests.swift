import Firmware
import Foundation
import Testing

@Suite("Random disk layouts")
struct LayoutPropertyTests {
    /// A layout whose partitions have random starts, sizes and file systems.
    static func layout(_ random: inout SplitMix) throws -> DiskLayout {
        let table = Bool.random(using: &random) ? "gpt" : "mbr"
        let count = Int.random(in: 1...(table == "gpt" ? 16 : 4), using: &random)
        let filesystems = ["raw", "fat16", "fat32", "ext4", "squashfs"]
        let kinds = ["efi-system", "boot", "system", "root", "config", "raw", "environment"]
        var lines: [String] = []
        var end: Int64 = 4 << 20
        for index in 0..<count {
            let kind = kinds.randomElement(using: &random) ?? "raw"
            let filesystem = filesystems.randomElement(using: &random) ?? "raw"
            let size = 512 * Int64.random(in: 1...200_000, using: &random)
            let start =
                (end + 4_095) / 4_096 * 4_096 + 4_096 * Int64.random(in: 0...999, using: &random)
            let place = Bool.random(using: &random) ? ", start-bytes: \(start)" : ""
            end = max(start, (end + (4 << 20) - 1) / (4 << 20) * (4 << 20)) + size
            let isLast = index == count - 1 && Bool.random(using: &random)
            lines.append(
                "  - {name: p-\(index), kind: \(kind), filesystem: \(filesystem), size-bytes: "
                    + "\(isLast ? "grow" : "\(size)")\(place)}"
            )
        }
        let size = end + 512 * Int64.random(in: 4_096...8_000_000, using: &random)
        return try LayoutTests.layout(
            table: table,
            partitions: lines.joined(separator: "\n"),
            sizeBytes: size
        )
    }

    @Test("case 24: sfdisk reports each of 60 random layouts as laid out, and so does the reader")
    func againstSfdisk() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("random layouts: seed \(seed)")
        var random = SplitMix(state: seed)
        for round in 0..<60 {
            let layout = try Self.layout(&random)
            let disk = try TableDisk(layout)
            #expect(
                try disk.sfdiskTable() == SfdiskTable(expected: layout, path: disk.path),
                "seed \(seed), round \(round)"
            )
            let read = try DiskLayout(reading: disk)
            #expect(
                read.tableSegments() == layout.tableSegments() && read.condition == .intact,
                "seed \(seed), round \(round)"
            )
            #expect(
                layout.partitions.allSatisfy { layout.usableBytes.contains($0.startBytes) }
            )
        }
    }

    @Test("case 25: the text of an identifier is what was read, and other text is refused")
    func identifierText() throws {
        let text = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
        let guid = try #require(GUID(text))
        #expect("\(guid)" == text)
        #expect(PartitionKind.efiSystem.typeGUID == guid)
        // The order of a GPT: UEFI specification, appendix A.
        #expect(
            guid.diskBytes == [
                0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e,
                0xc9, 0x3b,
            ]
        )
        #expect(GUID("") == nil)
        #expect(GUID("C12A7328-F81F-11D2-BA4B-00A0C93EC93") == nil)
        #expect(GUID("+12A7328-F81F-11D2-BA4B-00A0C93EC93B") == nil)
    }
}
