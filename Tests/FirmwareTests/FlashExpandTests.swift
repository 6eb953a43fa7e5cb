import Foundation
import Testing

@testable import Firmware

@Suite("Flashing partition tables")
struct FlashExpandTests {
    private func run(_ arguments: [String]) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let text = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    /// An image with a table of sgdisk or sfdisk, and noise in its partitions.
    private func image(_ folder: FlashFolder, table: String) throws -> FlashImage {
        let size = 12 << 20
        let path = try folder.write([UInt8](repeating: 0, count: size), to: "disk.img")
        if table == "gpt" {
            let made = try run([
                "sgdisk", "-n", "1:2048:+1M", "-t", "1:ef00", "-c", "1:boot", "-n", "2:8192:+1M",
                "-c", "2:system", "-N", "3", "-c", "3:data", path,
            ])
            try #require(made.status == 0, "\(made.text)")
        } else {
            let script = "label: dos\\n2048,2048,c,*\\n8192,,83\\n"
            let made = try run([
                "sh", "-c", "printf '\(script)' | sfdisk -q \"$0\"", path,
            ])
            try #require(made.status == 0, "\(made.text)")
        }
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        for offset in [1 << 20, 4 << 20, 7 << 20] {
            try handle.seek(toOffset: UInt64(offset))
            try handle.write(contentsOf: FlashSample.noise(500_000, seed: UInt64(offset)))
        }
        try handle.close()
        return try FlashImage(path: path)
    }

    @Test("case 127: boot partitions come after data, and the table after both",
        arguments: ["gpt", "mbr"])
    func places(table: String) throws {
        let folder = try FlashFolder()
        let image = try image(folder, table: table)
        let plan = FlashPlan(image: image)
        #expect(plan.boot.ranges == [plan.primary.ranges[0].upperBound..<2 << 20])
        let end = image.sizeBytes
        #expect(plan.primary.ranges == [table == "gpt" ? 0..<20_480 : 0..<4096])
        #expect(plan.backup.ranges == (table == "gpt" ? [end - 20_480..<end] : []))
        let target = MemoryTarget(FlashSample.used(Int(end)))
        _ = try Flasher(plan: plan, target: target, device: "card").run()
        #expect(try target.medium == folder.read("disk.img"))
    }

    @Test("case 128: an expanded table pleases sgdisk and sfdisk, and all else equals the image",
        arguments: ["gpt", "mbr"], [20 << 20, (20 << 20) + 1536, (12 << 20) + 512])
    func expanded(table: String, size: Int) throws {
        let folder = try FlashFolder()
        let image = try image(folder, table: table)
        let card = try folder.write(FlashSample.used(size), to: "card")
        let target = try OpenTarget(path: card, newFileSizeBytes: 0)
        let plan = try FlashPlan(image: image, expandingTo: target.sizeBytes, device: card)
        _ = try Flasher(plan: plan, target: target, device: card).run()
        if table == "gpt" {
            let check = try run(["sgdisk", "-v", card])
            #expect(check.text.contains("No problems found"), "\(check.text)")
        }
        let dump = try run(["sfdisk", "--json", card])
        #expect(dump.status == 0, "\(dump.text)")
        let last = try #require(try lastPartition(dump.text))
        let first: Int64 = 8192 * 512
        #expect(last.start * 512 >= first)
        #expect(last.end * 512 > Int64(size) - (1 << 20) - 20_480)
        let (was, now) = (try folder.read("disk.img"), try folder.read("card"))
        #expect(now[20_480..<(12 << 20) - 20_480] == was[20_480..<(12 << 20) - 20_480])
    }

    private func lastPartition(_ json: String) throws -> (start: Int64, end: Int64)? {
        struct Dump: Decodable {
            struct Table: Decodable {
                struct Part: Decodable {
                    let start: Int64
                    let size: Int64
                }
                let partitions: [Part]
            }
            let partitiontable: Table
        }
        let text = json.drop { $0 != "{" }
        let dump = try JSONDecoder().decode(Dump.self, from: Data(text.utf8))
        return dump.partitiontable.partitions.last.map { ($0.start, $0.start + $0.size) }
    }

    @Test("case 129: an image without a table is flashed, but cannot be expanded")
    func withoutTable() throws {
        let folder = try FlashFolder()
        let bytes = FlashSample.noise(3 << 20, seed: 9)
        let image = try FlashImage(path: folder.write(bytes, to: "raw.img"))
        let error = #expect(throws: FlashError.self) {
            try FlashPlan(image: image, expandingTo: 4 << 20, device: "card")
        }
        #expect(error?.name == "not-expandable")
        let target = MemoryTarget(FlashSample.used(bytes.count))
        let plan = FlashPlan(image: image)
        #expect(plan.primary.ranges == [0..<1 << 20])
        _ = try Flasher(plan: plan, target: target, device: "card").run()
        #expect(target.medium == bytes)
    }

    @Test("case 130: a hostile table changes the order at most, never the bytes", arguments: 1...8)
    func hostileTable(seed: UInt64) throws {
        let folder = try FlashFolder()
        _ = try image(folder, table: seed % 2 == 0 ? "gpt" : "mbr")
        var bytes = try folder.read("disk.img")
        let noise = FlashSample.noise(4096, seed: seed)
        for index in 0..<Int(seed) * 3 {
            bytes[446 + (index * 131 + Int(seed) * 17) % 17_000] = noise[index + 1]
        }
        bytes[510] = 0x55
        bytes[511] = 0xAA
        let image = try FlashImage(path: folder.write(bytes, to: "hostile.img"))
        let target = MemoryTarget(FlashSample.used(bytes.count))
        _ = try Flasher(plan: FlashPlan(image: image), target: target, device: "card").run()
        #expect(target.medium == bytes, "seed \(seed)")
    }
}
