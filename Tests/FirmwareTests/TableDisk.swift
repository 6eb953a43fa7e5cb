import Firmware
import Foundation
import Testing

/// A sparse file that stands for a disk, and the partitioning tools' view of it.
///
/// A class: the file is removed when the last test lets go of it.
final class TableDisk: ReadableDisk {
    let sizeBytes: Int64
    let path: String

    init(sizeBytes: Int64) throws {
        self.sizeBytes = sizeBytes
        path = FileManager.default.temporaryDirectory
            .appending(path: "layout-\(UUID().uuidString).img").path()
        try #require(FileManager.default.createFile(atPath: path, contents: nil))
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.truncate(atOffset: UInt64(sizeBytes))
        try file.close()
    }

    /// A disk with the table of a layout.
    convenience init(_ layout: DiskLayout) throws {
        try self.init(sizeBytes: layout.sizeBytes)
        try write(layout)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ layout: DiskLayout) throws {
        for segment in layout.tableSegments() { try write(segment.bytes, at: segment.offsetBytes) }
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: bytes)
        try file.close()
    }

    func read(at offset: Int64, count: Int) throws -> [UInt8] {
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        try file.seek(toOffset: UInt64(offset))
        let data = try file.read(upToCount: count) ?? Data()
        try file.close()
        return Array(data)
    }

    /// What `sfdisk --json` says.
    func sfdiskTable() throws -> SfdiskTable {
        let output = try TableTool.run("sfdisk", ["--json", path]).standardOutput
        return try JSONDecoder().decode(SfdiskReport.self, from: Data(output.utf8)).partitiontable
    }
}

/// The part of `sfdisk --json` that layouts are compared with; sizes in sectors.
struct SfdiskTable: Decodable, Equatable {
    struct Partition: Decodable, Equatable {
        let node: String
        let start: Int64
        let size: Int64
        let type: String
        var uuid: String?
        var name: String?
        var attrs: String?
        var bootable: Bool?
    }

    let label: String
    let id: String
    var firstlba: Int64?
    var lastlba: Int64?
    let sectorsize: Int
    var partitions: [Partition]?
}

private struct SfdiskReport: Decodable {
    let partitiontable: SfdiskTable
}

extension SfdiskTable {
    /// What the tool must say of a layout that is on the disk at `path`.
    init(expected layout: DiskLayout, path: String) {
        let isGPT = layout.table == .gpt
        label = isGPT ? "gpt" : "dos"
        switch layout.diskIdentifier {
        case .gpt(let guid): id = "\(guid)"
        case .mbr(let signature): id = String(format: "0x%08x", signature)
        }
        firstlba = isGPT ? 34 : nil
        lastlba = isGPT ? layout.sizeBytes / 512 - 34 : nil
        sectorsize = 512
        let expected = layout.partitions.map { partition in
            let isActive = partition.attributes & PlacedPartition.legacyBootable != 0
            return Partition(
                node: "\(path)\(partition.number)",
                start: partition.startBytes / 512,
                size: partition.sizeBytes / 512,
                type: "\(partition.typeIdentifier)",
                uuid: partition.identifier.map { "\($0)" },
                name: isGPT && !partition.name.isEmpty ? partition.name : nil,
                attrs: isGPT && isActive ? "LegacyBIOSBootable" : nil,
                bootable: !isGPT && isActive ? true : nil
            )
        }
        partitions = expected.isEmpty ? nil : expected
    }
}

/// The partitioning tools, run as programs.
enum TableTool {
    struct Result {
        let status: Int32
        let standardOutput: String
        let standardError: String
    }

    /// Runs a tool; a missing tool or another status than `expecting` is an error.
    @discardableResult
    static func run(
        _ tool: String,
        _ arguments: [String],
        input: String = "",
        expecting: Int32? = 0
    ) throws -> Result {
        let path = try #require(
            ["/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"].map { $0 + tool }
                .first { FileManager.default.isExecutableFile(atPath: $0) },
            "\(tool) is not installed"
        )
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ["LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        let (output, error, standardInput) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        process.standardInput = standardInput
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        let notes = String(
            decoding: error.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        process.waitUntilExit()
        if let expecting {
            try #require(
                process.terminationStatus == expecting,
                "\(tool) \(arguments): \(text)\(notes)"
            )
        }
        return Result(
            status: process.terminationStatus,
            standardOutput: text,
            standardError: notes
        )
    }
}
