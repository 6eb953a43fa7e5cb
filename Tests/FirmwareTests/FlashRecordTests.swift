import Foundation
import Synchronization
import Testing

@testable import Firmware

@Suite("Records of flashing")
struct FlashRecordTests {
    @Test(
        "case 120: fields are quoted as RFC 4180 has it, and none is a formula",
        arguments: [
            ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""), ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"), ("=a,\"b\"", "\"'=a,\"\"b\"\"\""),
        ]
    )
    func quoting(field: String, expected: String) {
        #expect(FlashLog.quoted(field) == expected)
    }

    private func row(_ device: String, error: String? = nil) -> FlashLog.Row {
        FlashLog.Row(
            timeSeconds: 1_700_000_000,
            image: "disk.img",
            imageSHA256: "ab",
            device: device,
            model: "SD, \"fast\"",
            serial: "=0x12",
            bytes: 10_000_000,
            seconds: 2,
            error: error
        )
    }

    @Test("case 121: a log has one header, and lines that Python's reader of CSV agrees with")
    func log() throws {
        let folder = try FlashFolder()
        let path = folder.file("log.csv")
        try FlashLog(path: path).append(row("/dev/sdb"))
        try FlashLog(path: path).append(row("/dev/sdc", error: "differs"))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            "import csv,json,sys;print(json.dumps(list(csv.reader(open(sys.argv[1],newline='')))))",
            path,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let rows = try JSONDecoder().decode(
            [[String]].self,
            from: pipe.fileHandleForReading.readDataToEndOfFile()
        )
        #expect(
            rows == [
                [
                    "time", "image", "image-sha256", "device", "model", "serial", "bytes",
                    "seconds", "mb-per-second", "result", "error",
                ],
                [
                    "2023-11-14T22:13:20Z", "disk.img", "ab", "/dev/sdb", "SD, \"fast\"",
                    "'=0x12", "10000000", "2.000", "5.0", "ok", "",
                ],
                [
                    "2023-11-14T22:13:20Z", "disk.img", "ab", "/dev/sdc", "SD, \"fast\"",
                    "'=0x12", "10000000", "2.000", "5.0", "failed", "differs",
                ],
            ]
        )
    }

    @Test("case 122: many cards at once write whole lines")
    func parallelLog() async throws {
        let folder = try FlashFolder()
        let path = folder.file("log.csv")
        let log = try FlashLog(path: path)
        let errors = await FlashBatch.run(Array(0..<40)) { index -> Bool in
            (try? log.append(row("/dev/sd\(index)"))) == nil
        }
        #expect(errors == [Bool](repeating: false, count: 40))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let lines = text.split(separator: "\r\n")
        #expect(lines.count == 41)
        #expect(lines.dropFirst().allSatisfy { $0.hasSuffix(",ok,") })
    }

    @Test(
        "case 123: a frame is the length, big endian, and the record",
        arguments: [(0, [0, 0, 0, 0]), (5, [0, 0, 0, 5]), (70_000, [0, 1, 0x11, 0x70])]
            as [(Int, [UInt8])]
    )
    func frames(size: Int, head: [UInt8]) {
        let record = [UInt8](repeating: 0x7B, count: size)
        #expect(FlashFrame.bytes(record) == head + record)
    }

    @Test("case 124: of many jobs at most eight run at once, and the outcomes keep their order")
    func batch() async {
        let running = Mutex((now: 0, most: 0))
        let outcomes = await FlashBatch.run(Array(0..<30)) { index -> Int in
            running.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            sched_yield()
            running.withLock { $0.now -= 1 }
            return index * index
        }
        #expect(outcomes == (0..<30).map { $0 * $0 })
        #expect(running.withLock { $0.most } <= FlashBatch.parallelMax)
    }

    @Test("case 125: of several cards one fails, and the others are done")
    func oneFails() async throws {
        let sample = try FlashSample()
        let targets = (0..<4).map { index in
            MemoryTarget(FlashSample.used(sample.bytes.count)) { operation, count in
                index == 2 && operation == .write && count == 6 ? ENODEV : nil
            }
        }
        let names = await FlashBatch.run(targets) { target in
            sample.flash(to: target).error?.name
        }
        #expect(names == [nil, nil, "vanished", nil])
        for (index, target) in targets.enumerated() {
            #expect((target.medium == sample.bytes) == (index != 2))
        }
        #expect(isInvalidated(targets[2].medium))
    }

    @Test("case 126: ranges: what is subtracted and what is left cover the whole, once",
        arguments: 1...20)
    func rangeAlgebra(seed: UInt64) {
        var state = seed
        func draw(_ limit: UInt64) -> Int64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64((state >> 33) % limit)
        }
        func set() -> DiskRanges {
            DiskRanges(
                (0..<6).map { _ in
                    let start = draw(100)
                    return start..<start + draw(20)
                }
            )
        }
        let (first, second) = (set(), set())
        let members = { (ranges: DiskRanges) in Set(ranges.ranges.flatMap(Array.init)) }
        let difference = first.subtracting(second)
        #expect(members(difference) == members(first).subtracting(members(second)), "seed \(seed)")
        #expect(members(first.union(second)) == members(first).union(members(second)))
        let pieces = FlashPieces(area: first, data: second, zeroSizeMax: 7)
        #expect(pieces.flatMap { Array($0.range) } == members(first).sorted())
        for piece in pieces {
            #expect(piece.isZero == !members(second).contains(piece.range.lowerBound))
        }
    }
}
