import Firmware
import Foundation
import Testing

/// A disk in memory, of which only the written parts exist.
struct MemoryDisk: ReadableDisk {
    var sizeBytes: Int64
    var segments: [(offset: Int64, bytes: [UInt8])]
    /// Reads above this fail.
    var failsFrom: Int64 = .max
    /// How many bytes are missing from each answer.
    var missing = 0

    init(_ layout: DiskLayout) {
        sizeBytes = layout.sizeBytes
        segments = layout.tableSegments().map { ($0.offsetBytes, $0.bytes) }
    }

    init(bytes: [UInt8]) {
        sizeBytes = Int64(bytes.count)
        segments = [(0, bytes)]
    }

    struct ReadFault: Error {}

    func read(at offset: Int64, count: Int) throws -> [UInt8] {
        guard offset >= 0, count >= 0, offset + Int64(count) <= sizeBytes, offset < failsFrom
        else { throw ReadFault() }
        var answer = [UInt8](repeating: 0, count: count)
        for segment in segments {
            let end = segment.offset + Int64(segment.bytes.count)
            let common =
                max(
                    offset,
                    segment.offset
                )..<max(
                    max(offset, segment.offset),
                    min(offset + Int64(count), end)
                )
            guard !common.isEmpty else { continue }
            let source =
                Int(
                    common.lowerBound - segment.offset
                )..<Int(
                    common.upperBound - segment.offset
                )
            let target = Int(common.lowerBound - offset)..<Int(common.upperBound - offset)
            answer.replaceSubrange(target, with: segment.bytes[source])
        }
        return Array(answer.dropLast(missing))
    }

    /// Changes bytes at a place that was written.
    mutating func patch(_ bytes: [UInt8], at offset: Int64) {
        for index in segments.indices {
            let place = offset - segments[index].offset
            guard place >= 0, place + Int64(bytes.count) <= Int64(segments[index].bytes.count)
            else { continue }
            segments[index].bytes.replaceSubrange(
                Int(place)..<Int(place) + bytes.count,
                with: bytes
            )
        }
    }

    mutating func patch(_ value: UInt64, count: Int, at offset: Int64) {
        patch((0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }, at: offset)
    }

    /// Makes the checksums of the primary true, whatever it says.
    mutating func sealPrimary() throws {
        patch(UInt64(Self.crc(try read(at: 1024, count: 16_384))), count: 4, at: 512 + 88)
        patch([0, 0, 0, 0], at: 512 + 16)
        patch(UInt64(Self.crc(try read(at: 512, count: 92))), count: 4, at: 512 + 16)
    }

    /// CRC-32 bit by bit, not the code under test.
    static func crc(_ bytes: [UInt8]) -> UInt32 {
        var value = UInt32.max
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
        }
        return ~value
    }
}

@Suite("Tables that may hold anything")
struct TableReadingTests {
    static let layout = Result { try LayoutTests.layout() }

    @Test("case 9: a damaged byte of the primary header or entries makes the backup be read")
    func everyByte() throws {
        let layout = try Self.layout.get()
        let disk = MemoryDisk(layout)
        // The header, the used entries, and a byte of every 64 that are zero.
        let places =
            Array(512..<604) + Array(1024..<1792) + Array(stride(from: 1792, to: 17_408, by: 64))
        for place in places {
            var damaged = disk
            damaged.patch([try disk.read(at: Int64(place), count: 1)[0] ^ 0x41], at: Int64(place))
            let read = try DiskLayout(reading: damaged)
            guard case .primaryDamaged = read.condition else {
                Issue.record("byte \(place) is not noticed")
                continue
            }
            #expect(read.tableSegments() == layout.tableSegments())
        }
    }

    @Test("case 10: with both copies damaged nothing is read, and both faults are told")
    func bothDamaged() throws {
        var disk = MemoryDisk(try Self.layout.get())
        disk.patch([0], at: 512)
        disk.patch([0xff], at: disk.sizeBytes - 512 + 56)
        #expect(
            throws: LayoutError.bothHeadersBad(primary: .signature, backup: .headerChecksum)
        ) { try DiskLayout(reading: disk) }
        var backupOnly = MemoryDisk(try Self.layout.get())
        backupOnly.patch([0xff], at: backupOnly.sizeBytes - 512 + 56)
        #expect(
            try DiskLayout(reading: backupOnly).condition == .backupDamaged(.headerChecksum)
        )
    }

    @Test("case 11: a disk that is cut off anywhere in the table is refused")
    func truncated() throws {
        let bytes = try Self.layout.get().tableSegments()[0].bytes
        for count in [0, 1, 511] {
            #expect(throws: LayoutError.self) {
                try DiskLayout(reading: MemoryDisk(bytes: Array(bytes.prefix(count))))
            }
        }
        for sectors in 1...34 {
            #expect(throws: LayoutError.self, "\(sectors) sectors") {
                try DiskLayout(reading: MemoryDisk(bytes: Array(bytes.prefix(sectors * 512))))
            }
        }
    }

    @Test("case 13: media smaller than the table give a typed error", arguments: [0, 512, 34_303])
    func tinyMedia(size: Int64) throws {
        let profile = try FirmwareProfile(yaml: ProfileSample().yaml)
        #expect(throws: LayoutError.mediaTooSmall(sizeBytes: size, neededBytes: 34_816)) {
            try DiskLayout(profile, sizeBytes: size)
        }
    }

    static let headerEdits: [(Int, UInt64, Int)] = [
        (12, UInt64(91), 4), (12, 513, 4), (24, 2, 8), (24, .max, 8), (32, 1, 8), (32, 0, 8),
        (32, .max, 8), (32, 524_288, 8), (40, 1, 8), (40, .max, 8), (48, .max, 8),
        (48, 33, 8), (48, 524_287, 8), (72, 0, 8), (72, 1, 8), (72, 3, 8), (72, .max, 8),
        (80, 0, 4), (80, 1_025, 4), (80, 4_294_967_295, 4), (84, 0, 4), (84, 127, 4),
        (84, 192, 4), (84, 8_192, 4), (84, 2_147_483_648, 4),
    ]

    @Test(
        "case 19: a header whose checksum is right and whose numbers are not is refused",
        arguments: headerEdits
    )
    func hostileHeader(offset: Int, value: UInt64, count: Int) throws {
        var disk = MemoryDisk(try Self.layout.get())
        disk.patch(value, count: count, at: Int64(512 + offset))
        try disk.sealPrimary()
        disk.patch([0], at: disk.sizeBytes - 512)
        let error = #expect(throws: LayoutError.self) { try DiskLayout(reading: disk) }
        guard case .bothHeadersBad(let fault, backup: .signature) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(fault != .headerChecksum || offset == 12, "\(fault)")
    }

    static let entryEdits: [(Int, UInt64)] = [
        (128 + 32, UInt64(8_192)), (32, 33), (32, 0), (40, 524_287), (40, .max), (40, 8_191),
        (32, .max), (5 * 128 + 40, 524_255),
    ]

    @Test(
        "case 20: entries that overlap, leave the disk or end before they start are refused",
        arguments: entryEdits
    )
    func hostileEntry(offset: Int, value: UInt64) throws {
        var disk = MemoryDisk(try Self.layout.get())
        disk.patch(value, count: 8, at: Int64(1_024 + offset))
        try disk.sealPrimary()
        #expect(throws: LayoutError.self) { try DiskLayout(reading: disk) }
    }

    static let recordEdits: [(Int, [UInt8])] = [
        (446, [UInt8(0x01)]), (446, [0x7f]), (446 + 4, [0x05]), (446 + 4, [0x0f]),
        (446 + 4, [0x85]), (446 + 8, [0, 0, 0, 0]), (446 + 12, [0, 0, 0, 0]),
        (446 + 12, [0xff, 0xff, 0xff, 0xff]), (446 + 16 + 8, [0, 0x20, 0, 0]),
    ]

    @Test(
        "case 21: MBR entries that overlap, leave the disk or are not understood are refused",
        arguments: recordEdits
    )
    func hostileMBR(offset: Int, bytes: [UInt8]) throws {
        var disk = MemoryDisk(
            try LayoutTests.layout(table: "mbr", partitions: LayoutTests.fourPartitions)
        )
        #expect(throws: Never.self) { try DiskLayout(reading: disk) }
        disk.patch(bytes, at: Int64(offset))
        #expect(throws: LayoutError.self) { try DiskLayout(reading: disk) }
    }

    @Test("case 22: a disk without a table, and one that is a file system, are told apart")
    func noTable() throws {
        let blank = MemoryDisk(bytes: [UInt8](repeating: 0, count: 65_536))
        #expect(throws: LayoutError.noTable) { try DiskLayout(reading: blank) }
        let fat = try TableDisk(sizeBytes: 4 << 20)
        try TableTool.run("mkfs.fat", ["-F", "16", "-s", "1", fat.path])
        #expect(throws: LayoutError.self) { try DiskLayout(reading: fat) }
    }

    @Test("case 23: a disk that fails or answers short is an error, never a table")
    func failingDisk() throws {
        var short = MemoryDisk(try Self.layout.get())
        short.missing = 1
        #expect(
            throws: LayoutError.unreadable(offsetBytes: 0, detail: "511 of 512 bytes")
        ) { try DiskLayout(reading: short) }
        var failing = MemoryDisk(try Self.layout.get())
        failing.failsFrom = 1_024
        #expect(throws: LayoutError.self) { try DiskLayout(reading: failing) }
    }

    @Test("case 38: no mutated table traps, and what is read obeys the invariants")
    func mutated() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("mutated tables: seed \(seed)")
        var random = SplitMix(state: seed)
        let layouts = [
            try Self.layout.get(),
            try LayoutTests.layout(table: "mbr", partitions: LayoutTests.fourPartitions),
        ]
        for round in 0..<400 {
            let layout = layouts[round % 2]
            var disk = MemoryDisk(layout)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place =
                    layout.table == .mbr
                    ? Int64.random(in: 440..<512, using: &random)
                    : Int64.random(in: 440..<1_792, using: &random)
                disk.patch([UInt8.random(in: 0...255, using: &random)], at: place)
            }
            if layout.table == .gpt { try disk.sealPrimary() }
            guard let read = try? DiskLayout(reading: disk) else { continue }
            let ordered = read.partitions.sorted { $0.startBytes < $1.startBytes }
            #expect(
                ordered.allSatisfy { read.usableBytes.contains($0.startBytes) && $0.sizeBytes > 0 },
                "seed \(seed), round \(round)"
            )
            #expect(
                zip(ordered, ordered.dropFirst()).allSatisfy { $0.endBytes <= $1.startBytes },
                "seed \(seed), round \(round)"
            )
        }
    }
}

/// A generator of numbers that a seed repeats (SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
