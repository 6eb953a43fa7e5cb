import Foundation
import Testing

@Suite("martlet flash")
struct FlashTests {
    /// A folder with an image of 3 MiB with a hole, removed with the test.
    final class Bench {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "flash-cli-\(UUID().uuidString)"
        )
        let bytes: [UInt8]

        init() throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            var bytes: [UInt8] = []
            for block in 0..<768 {
                let isHole = (300..<600).contains(block)
                let byte = isHole ? 0 : UInt8(block % 251 + 1)
                bytes += [UInt8](repeating: byte, count: 4096)
            }
            self.bytes = bytes
            try write(bytes, "disk.img")
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        var image: String { path("disk.img") }
        func path(_ name: String) -> String { folder.appending(path: name).path() }
        func write(_ bytes: [UInt8], _ name: String) throws {
            try Data(bytes).write(to: folder.appending(path: name))
        }
        func read(_ name: String) throws -> [UInt8] {
            [UInt8](try Data(contentsOf: folder.appending(path: name)))
        }
        func exists(_ name: String) -> Bool {
            FileManager.default.fileExists(atPath: path(name))
        }
        func flash(_ arguments: String..., under: [String] = []) throws -> Martlet.Result {
            try Martlet.run(["flash", image] + arguments, under: under)
        }
    }

    private struct End: Decodable {
        struct Device: Decodable {
            let device: String
            let exitCode: Int32
            let error: String?
        }
        let exitCode: Int32
        let error: String?
        let devices: [Device]
    }

    private struct Progress: Decodable, Equatable {
        let phase: String
        let device: String
        let percent: Int
        let bytes: Int64
        let totalBytes: Int64
        let etaSeconds: Int?
    }

    private func end(_ output: String) throws -> End {
        let line = try #require(output.split(separator: "\n").last)
        return try JSONDecoder().decode(End.self, from: Data(line.utf8))
    }

    @Test("case 131: a file gets the image, and the plan is told first")
    func file() throws {
        let bench = try Bench()
        let result = try bench.flash("--device", bench.path("card"), "--yes")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try bench.read("card") == bench.bytes)
        #expect(result.errors.hasPrefix("image   \(bench.image): 3145728 bytes"))
        #expect(result.errors.contains("device  \(bench.path("card")): file, new"))
        #expect(result.output.contains("read back and equal"))
    }

    @Test("case 132: without --yes and without a terminal nothing is written")
    func unconfirmed() throws {
        let bench = try Bench()
        let result = try bench.flash("--device", bench.path("card"), "--json")
        #expect(result.status == 3)
        #expect(try end(result.output).error == "not-confirmed")
        #expect(!bench.exists("card"))
    }

    @Test("case 133: a dry run writes nothing", arguments: [true, false])
    func dryRun(exists: Bool) throws {
        let bench = try Bench()
        let old = [UInt8](repeating: 0xEE, count: bench.bytes.count)
        if exists { try bench.write(old, "card") }
        let result = try bench.flash("--device", bench.path("card"), "--dry-run", "--yes")
        #expect(result.status == 0)
        #expect(result.errors.contains("device  "))
        if exists { #expect(try bench.read("card") == old) } else { #expect(!bench.exists("card")) }
    }

    @Test(
        "case 134: each refusal has its exit code and its name",
        arguments: [
            (["--device", "SHORT", "--yes"], Int32(8), "too-small"),
            (["--device", "IMAGE", "--yes"], 3, "target-is-image"),
            (["--device", "/dev/null", "--yes"], 3, "refused"),
            (["--device", "/dev/martlet-mistyped", "--yes"], 3, "refused"),
            (["--device", "FOLDER", "--yes"], 3, "refused"),
            (["--yes"], 2, "no-device"),
            (["--device", "CARD", "--yes", "--bmap", "MISSING"], 7, "other"),
            (["--device", "CARD", "--yes", "--bmap", "SHORT"], 4, "block-map"),
            (["--device", "CARD", "--yes", "--expand"], 4, "not-expandable"),
            (["--device", "CARD", "--yes", "--log", "/dev/null"], 7, "open-failed"),
            (["--device", "CARD", "--yes", "--system-root", "FOLDER"], 7, "disks"),
        ]
    )
    func refusals(arguments: [String], status: Int32, name: String) throws {
        let bench = try Bench()
        try bench.write([1, 2, 3], "short")
        let names = [
            "SHORT": bench.path("short"), "IMAGE": bench.image, "FOLDER": bench.folder.path(),
            "CARD": bench.path("card"), "MISSING": bench.path("missing"),
        ]
        let result = try Martlet.run(
            ["flash", bench.image, "--json"] + arguments.map { names[$0] ?? $0 }
        )
        #expect(result.status == status, "\(result.errors)")
        #expect(try end(result.output).exitCode == status)
        #expect(try end(result.output).error == name)
        #expect(try bench.read("disk.img") == bench.bytes)
        #expect(try bench.read("short") == [1, 2, 3])
    }

    @Test(
        "case 135: usage errors exit with 2",
        arguments: [
            [], ["IMAGE", "--json", "--framed"], ["IMAGE", "--device", "/tmp/a", "--device", "/tmp/a"],
            ["IMAGE", "--surprise"],
        ]
    )
    func usage(arguments: [String]) throws {
        #expect(try Martlet.run(["flash"] + arguments).status == 2)
    }

    @Test("case 136: the records are progress that never falls, and an end")
    func records() throws {
        let bench = try Bench()
        let card = bench.path("card")
        let result = try bench.flash("--device", card, "--yes", "--json")
        #expect(result.status == 0)
        let lines = result.output.split(separator: "\n")
        let progress = lines.dropFirst().dropLast().compactMap {
            try? JSONDecoder().decode(Progress.self, from: Data($0.utf8))
        }
        #expect(progress.count == lines.count - 2)
        #expect(progress.map(\.percent) == progress.map(\.percent).sorted())
        #expect(progress.last?.percent == 100 && progress.last?.phase == "done")
        #expect(progress.allSatisfy { $0.device == card })
        let last = try end(result.output)
        #expect(last.exitCode == 0 && last.error == nil && last.devices.map(\.device) == [card])
    }

    @Test("case 137: framed records are the same records after their lengths")
    func framed() throws {
        let bench = try Bench()
        let result = try bench.flash("--device", bench.path("card"), "--yes", "--framed")
        #expect(result.status == 0)
        var rest = Array(result.output.utf8)[...]
        var last: [UInt8] = []
        var count = 0
        while rest.count >= 4 {
            let size = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            last = Array(rest.dropFirst(4).prefix(size))
            #expect(last.count == size && last.first == 0x7B && last.last == 0x7D)
            rest = rest.dropFirst(4 + size)
            count += 1
        }
        #expect(rest.isEmpty && count > 5)
        #expect(try JSONDecoder().decode(End.self, from: Data(last)).exitCode == 0)
    }

    @Test("case 138: of several targets one is too small: nothing is written to any")
    func oneTooSmall() throws {
        let bench = try Bench()
        try bench.write([1], "small")
        let result = try bench.flash(
            "--device",
            bench.path("a"),
            "--device",
            bench.path("small"),
            "--yes"
        )
        #expect(result.status == 8)
        #expect(!bench.exists("a"))
    }

    @Test("case 139: of several targets one is locked: the others are flashed, all are logged")
    func oneLocked() throws {
        let bench = try Bench()
        try bench.write([UInt8](repeating: 0xEE, count: bench.bytes.count), "locked")
        let result = try bench.flash(
            "--device",
            bench.path("a"),
            "--device",
            bench.path("locked"),
            "--device",
            bench.path("b"),
            "--yes",
            "--json",
            "--log",
            bench.path("log.csv"),
            under: ["flock", bench.path("locked")]
        )
        #expect(result.status == 3)
        let last = try end(result.output)
        #expect(last.error == "busy" && last.devices.map(\.error) == [nil, "busy", nil])
        #expect(try bench.read("a") == bench.bytes)
        #expect(try bench.read("b") == bench.bytes)
        #expect(try bench.read("locked").allSatisfy { $0 == 0xEE })
        let log = try String(decoding: bench.read("log.csv"), as: UTF8.self)
        #expect(log.split(separator: "\r\n").count == 4)
        #expect(log.contains(",failed,busy\r\n"))
        let sum = try tool(["sha256sum", bench.image]).prefix(64)
        #expect(log.split(separator: "\r\n").dropFirst().allSatisfy { $0.contains(sum) })
    }

    @Test("case 140: the map beside the image is used, and a wrong one stops the flash",
        arguments: [true, false])
    func blockMap(isRight: Bool) throws {
        let bench = try Bench()
        _ = try tool(["bmaptool", "create", "-o", bench.image + ".bmap", bench.image])
        if !isRight {
            var changed = bench.bytes
            changed[5000] ^= 1
            try bench.write(changed, "disk.img")
        }
        let result = try bench.flash("--device", bench.path("card"), "--yes", "--json")
        #expect(result.status == (isRight ? 0 : 4))
        #expect(try end(result.output).error == (isRight ? nil : "block-map-differs"))
        #expect(bench.exists("card") == isRight)
    }

    @Test("case 141: a full file system exits with 8")
    func fullDisk() throws {
        let bench = try Bench()
        let mount = bench.path("small")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        let script =
            "mount -t tmpfs -o size=1500k none '\(mount)' && \"$@\"; exit $?"
        let result = try bench.flash(
            "--device",
            mount + "/card",
            "--yes",
            "--json",
            under: ["unshare", "-rm", "sh", "-c", script, "sh"]
        )
        #expect(result.status == 8, "\(result.errors)")
        #expect(try end(result.output).error == "no-space")
    }

    @Test("case 142: signals stop the flash, and --resume ends it", arguments: ["INT", "TERM"])
    func signals(name: String) throws {
        let bench = try Bench()
        // A slow medium: the flash waits in the reader's pipe until the signal is there.
        let script = """
            mkfifo "$0"/pipe
            exec 3<>"$0"/pipe
            "$@" --yes --json >"$0"/out 2>"$0"/err &
            pid=$!
            kill -STOP $pid
            kill -\(name) $pid
            kill -CONT $pid
            wait $pid
            echo $? >"$0"/status
            """
        try bench.write([UInt8](repeating: 0xEE, count: bench.bytes.count), "card")
        _ = try bench.flash(
            "--device",
            bench.path("card"),
            under: ["bash", "-c", script, bench.folder.path()]
        )
        let status = String(decoding: try bench.read("status"), as: UTF8.self)
        // The signal may come before the handler is there, at any block, or after the end.
        let known = ["7\n", "0\n", "130\n", "143\n"]
        #expect(known.contains(status), "\(status)")
        if status == "7\n" {
            let out = String(decoding: try bench.read("out"), as: UTF8.self)
            #expect(try end(out).error == "interrupted")
            let errors = String(decoding: try bench.read("err"), as: UTF8.self)
            #expect(errors.contains("--resume"))
        }
        let resumed = try bench.flash("--device", bench.path("card"), "--yes", "--resume")
        #expect(resumed.status == 0)
        #expect(try bench.read("card") == bench.bytes)
    }

    @Test(
        "case 143: the disks of a recorded machine: its own needs its serial number",
        arguments: [
            ("/dev/sda", [], Int32(3), "needs-serial"),
            ("/dev/sda", ["--serial", "F12345000"], 3, "needs-serial"),
            ("/dev/sda", ["--serial", "f123450001"], 3, "needs-serial"),
            ("/dev/sdc", [], 3, "refused"), ("/dev/sdb1", [], 3, "refused"),
            ("/dev/sdx", [], 3, "refused"),
            ("/dev/sdb", [], 0, nil),
        ] as [(String, [String], Int32, String?)]
    )
    func recordedDisks(device: String, more: [String], status: Int32, name: String?) throws {
        let bench = try Bench()
        try RecordedTree.unpack("gateway-sata-usb", to: bench.path("tree"))
        let result = try Martlet.run(
            [
                "flash", bench.image, "--dry-run", "--json", "--device", device,
                "--system-root", bench.path("tree"),
            ] + more
        )
        #expect(result.status == status, "\(result.errors)")
        #expect(try end(result.output).error == name)
        #expect(result.output.contains("\"device\":\"\(device)\""))
    }

    private func tool(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(arguments)")
        return String(decoding: text, as: UTF8.self)
    }
}

/// The trees of Tests/Vectors/disks, in the form that its README names.
private enum RecordedTree {
    static func unpack(_ name: String, to root: String) throws {
        let file = Martlet.root.appending(path: "Tests/Vectors/disks/\(name).tree")
        var base = ""
        var path = ""
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        where !line.hasPrefix("#") {
            let item = line.dropFirst(2)
            if line.hasPrefix("    | ") {
                try append(line.dropFirst(6) + "\n", to: path)
            } else if !line.hasPrefix("  ") {
                base = root + line
            } else if item.hasSuffix(" |") {
                path = "\(base)/\(item.dropLast(2))"
                try append("", to: path)
            } else if let arrow = item.firstRange(of: " -> ") {
                let place = "\(base)/\(item[..<arrow.lowerBound])"
                try makeFolder(above: place)
                try FileManager.default.createSymbolicLink(
                    atPath: place,
                    withDestinationPath: String(item[arrow.upperBound...])
                )
            } else if let equals = item.firstRange(of: " = ") {
                let text = item[equals.upperBound...] + "\n"
                try append(text, to: "\(base)/\(item[..<equals.lowerBound])")
            } else {
                try makeFolder(above: "\(base)/\(item)x")
            }
        }
    }

    private static func makeFolder(above path: String) throws {
        let folder = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        try FileManager.default.createDirectory(
            atPath: String(folder),
            withIntermediateDirectories: true
        )
    }

    private static func append(_ text: some StringProtocol, to path: String) throws {
        try makeFolder(above: path)
        let old = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        try (old + text).write(toFile: path, atomically: false, encoding: .utf8)
    }
}
