import Testing

@testable import Telemetry

@Suite("Reports")
struct ReportTests {
    // RFC 8949, appendix A.
    @Test(
        "numbers have the coding of the standard",
        arguments: [
            (0, [0x00]), (10, [0x0A]), (23, [0x17]), (24, [0x18, 0x18]),
            (100, [0x18, 0x64]), (1_000, [0x19, 0x03, 0xE8]),
            (1_000_000, [0x1A, 0, 0x0F, 0x42, 0x40]),
            (1_000_000_000_000, [0x1B, 0, 0, 0, 0xE8, 0xD4, 0xA5, 0x10, 0]),
            (.max, [0x1B, 255, 255, 255, 255, 255, 255, 255, 255]),
        ] as [(UInt64, [UInt8])]
    )
    func standardNumbers(value: UInt64, bytes: [UInt8]) throws {
        var writer = CBORWriter()
        writer.unsigned(value)
        #expect(writer.bytes == bytes)
        var reader = CBORReader(bytes)
        #expect(try reader.unsigned() == value)
        try reader.end()
    }

    @Test(
        "another coding of the same number is refused",
        arguments: [
            [UInt8]([0x18, 0x17]), [0x19, 0, 0xFF], [0x1A, 0, 0, 0xFF, 0xFF],
            [0x1B, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], [0x1F],
        ]
    )
    func longForms(bytes: [UInt8]) {
        #expect(throws: ReportError.notDeterministic(offsetBytes: 0)) {
            var reader = CBORReader(bytes)
            return try reader.unsigned()
        }
    }

    static func sample(seed: UInt64) -> Report {
        var generator = SeededGenerator(seed: seed)
        var accumulator = ReportAccumulator(
            contentID: [UInt8](repeating: 7, count: 32),
            inputCount: 1,
            outputCount: 2,
            classCount: 10,
            startMilliseconds: 100
        )
        for _ in 0..<300 {
            accumulator.recordInference(microseconds: .random(in: 0...5_000, using: &generator))
            accumulator.recordClass(.random(in: 0..<10, using: &generator))
            let bytes = (0..<50).map { _ in UInt8.random(in: 0...255, using: &generator) }
            bytes.withUnsafeBytes { accumulator.recordInput(0, $0) }
            bytes.withUnsafeBytes { accumulator.recordOutput(1, $0) }
        }
        return accumulator.close(
            endMilliseconds: 5_100,
            wallMilliseconds: 1_700_000_000_000,
            quality: .stale,
            isComplete: true,
            life: Report.Life()
        )
    }

    @Test("a report survives the way out and back, and has one coding", arguments: 1...20)
    func roundTrip(seed: UInt64) throws {
        let report = Self.sample(seed: seed)
        let bytes = report.encoded()
        let read = try Report(decoding: bytes)
        #expect(read == report)
        #expect(read.encoded() == bytes)
        #expect(bytes.count < 2_000)
    }

    @Test("every truncation is refused, and every flip gives an error or another report")
    func hostile() throws {
        let report = Self.sample(seed: 42)
        let bytes = report.encoded()
        for count in 0..<bytes.count {
            #expect(throws: ReportError.self) { try Report(decoding: [UInt8](bytes[..<count])) }
        }
        for offset in bytes.indices {
            var changed = bytes
            changed[offset] ^= UInt8(1 << (offset % 8))
            guard let read = try? Report(decoding: changed) else { continue }
            #expect(read != report && read.encoded() == changed)
        }
    }

    @Test("the accumulator starts the next interval empty where the last one ended")
    func intervals() {
        var accumulator = ReportAccumulator(
            contentID: [UInt8](repeating: 7, count: 32),
            inputCount: 1,
            outputCount: 1,
            classCount: 2,
            startMilliseconds: 5
        )
        accumulator.recordClass(1)
        accumulator.recordClass(2)
        [UInt8]([0x80, 0x7F, 0]).withUnsafeBytes { accumulator.recordInput(0, $0) }
        accumulator.recordBadInput()
        let life = Report.Life()
        let first = accumulator.close(
            endMilliseconds: 9,
            wallMilliseconds: 0,
            quality: .none,
            isComplete: true,
            life: life
        )
        #expect(first.classCounts == [0, 1])
        #expect(first.saturationCount == 2)
        #expect(first.outcomes.badInput == 1)
        #expect(first.tensors[0].histogram.counts[128] == 1)
        #expect(accumulator.current.startMilliseconds == 9)
        #expect(accumulator.current.classCounts == [0, 0])
        #expect(accumulator.current.tensors[0].histogram == CodeHistogram())
    }
}

@Suite("Histograms")
struct HistogramTests {
    @Test("every latency lies between its bin's bounds, and bins are at most an eighth wide")
    func bins() {
        var generator = SeededGenerator(seed: 1)
        let cases =
            Array(0...3_000)
            + (0..<2_000).map { _ in
                UInt64.random(in: 0...251_658_239, using: &generator)
            }
        for value in cases {
            let bin = LatencyHistogram.bin(of: value)
            let lower = LatencyHistogram.lowerBound(ofBin: bin)
            let upper = LatencyHistogram.lowerBound(ofBin: bin + 1)
            #expect(lower <= value && value < upper)
            #expect((upper - lower) * 8 <= max(8, lower))
        }
        #expect(LatencyHistogram.bin(of: .max) == 207)
    }

    @Test("a quantile is the upper end of the bin that holds the rank")
    func quantiles() {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(permille: 500) == nil)
        for value: UInt64 in 1...100 { histogram.record(value) }
        #expect(histogram.quantile(permille: 500) == 51)
        #expect(histogram.quantile(permille: 1_000) == 103)
    }

    @Test("merging is associative and commutative and has an identity; counts saturate")
    func merging() {
        var generator = SeededGenerator(seed: 7)
        func random() -> CodeHistogram {
            var counts = (0..<256).map { _ in UInt32.random(in: 0...1_000, using: &generator) }
            counts[3] = .max - 5
            return CodeHistogram(counts: counts) ?? CodeHistogram()
        }
        let (a, b, c) = (random(), random(), random())
        func sum(_ x: CodeHistogram, _ y: CodeHistogram) -> CodeHistogram {
            var result = x
            result.merge(y)
            return result
        }
        #expect(sum(sum(a, b), c) == sum(a, sum(b, c)))
        #expect(sum(a, b) == sum(b, a))
        #expect(sum(a, CodeHistogram()) == a)
        #expect(sum(a, b).counts[3] == .max)
    }

    @Test("count lists survive the way out and back; another coding is refused")
    func countCoding() {
        for counts: [UInt32] in [[], [0], [1], [0, 0, 0], [0, 5, 0, 0], [.max, 0], [127, 128]] {
            let bytes = CountCoding.encode(counts)
            #expect(CountCoding.decode(bytes, count: counts.count) == counts)
            #expect(CountCoding.decode(bytes, count: counts.count + 1) == nil)
        }
        #expect(CountCoding.decode([0, 0, 0, 0], count: 2) == nil)
        #expect(CountCoding.decode([0x80, 0x00], count: 1) == nil)
        #expect(CountCoding.decode([0xFF, 0xFF, 0xFF, 0xFF, 0x7F], count: 1) == nil)
    }

    // RFC 3720, appendix B.4.
    @Test(
        "the checksum gives the known answers",
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43), ([UInt8](0..<32), 0x46DD_794E),
            ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
        ] as [([UInt8], UInt32)]
    )
    func checksum(bytes: [UInt8], expected: UInt32) {
        #expect(CRC32C.checksum(bytes[...]) == expected)
        let head = CRC32C.checksum(bytes[..<7])
        #expect(CRC32C.checksum(bytes[7...], after: head) == expected)
    }
}
