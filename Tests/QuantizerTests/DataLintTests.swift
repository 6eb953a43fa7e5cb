import ModelGraph
import Testing

@testable import Quantizer

@Suite("What is suspicious about data")
struct DataLintTests {
    static func graph(_ shape: [Int]) -> Graph {
        NetworkBuilder(input: shape, seed: 1).finished()
    }

    static func lint(
        _ shape: [Int],
        _ samples: [[Float]],
        _ declared: InputPreprocessing? = nil,
        role: String = "calibration"
    ) throws -> DataLint {
        let model = try prepending(declared.map { [$0] } ?? [], to: graph(shape))
        var lint = DataLint(role: role, graph: model.graph, raw: model.inputs)
        let given = model.graph[model.graph.inputs[0].tensor].shape
        for sample in samples {
            var values = sample
            // Callers standardise where the declaration leaves it to them.
            if let raw = model.inputs[0], raw.place == .caller {
                values = raw.transform.apply(values, shape: given)
            }
            lint.add([FloatTensor(proved: given, values)])
        }
        return lint
    }

    static func normal(
        _ count: Int,
        _ random: inout SplitMix64,
        mean: Float = 0,
        deviation: Float = 1
    ) -> [Float] {
        // The sum of twelve uniform numbers is near enough to a normal one.
        (0..<count).map { _ in
            let sum = (0..<12).reduce(Float(0)) { sum, _ in
                sum + Float.random(in: 0...1, using: &random)
            }
            return mean + deviation * (sum - 6)
        }
    }

    static func kinds(_ findings: [DataFinding]) -> [DataFinding.Kind] { findings.map(\.kind) }

    @Test("good data has no findings")
    func good() throws {
        var random = SplitMix64(state: 1)
        let samples = (0..<40).map { _ in Self.normal(6, &random) }
        #expect(try Self.lint([1, 6], samples).findings().isEmpty)
    }

    @Test("few, constant and repeated samples are found, with their places")
    func sets() throws {
        let findings = try Self.lint([1, 2], [[1, 2], [3, 3], [1, 2], [5, 7]]).findings()
        #expect(
            Self.kinds(findings) == [.tooFewSamples, .constantSamples, .repeatedSamples]
        )
        #expect(findings[1].message.contains("1 (1)"))
        #expect(findings[2].message.contains("1 (2)"))
        #expect(findings.allSatisfy { $0.severity == .warning && !$0.advice.isEmpty })
        #expect(try Self.lint([1, 2], [[3, 3], [4, 4]]).isConstant)
        #expect(try !Self.lint([1, 2], []).isConstant)
    }

    @Test("samples of both sets are an error")
    func shared() throws {
        let calibration = try Self.lint([1, 2], [[1, 2], [3, 4]])
        let other = try Self.lint([1, 2], [[9, 8], [3, 4]], role: "validation")
        let finding = try #require(
            calibration.findings(against: other).first { $0.kind == .sharedSamples }
        )
        #expect(finding.severity == .error && finding.message.contains("1 (1)"))
    }

    @Test("numbers outside the range that was declared are an error")
    func range() throws {
        let declared = InputPreprocessing(range: [-1, 1])
        let findings = try Self.lint([1, 4], [[0, 64, 128, 255]], declared).findings()
        let finding = try #require(findings.first { $0.kind == .wrongRange })
        #expect(finding.severity == .error && finding.message.contains("75.0 %"))
        let scaled = InputPreprocessing(scale: 1 / 127.5, mean: [1], range: [-1, 1])
        let fine = try Self.lint([1, 4], [[0, 64, 128, 255]], scaled).findings()
        #expect(!Self.kinds(fine).contains(.wrongRange))
    }

    @Test("data that was prepared before it went in raw is an error")
    func preparedTwice() throws {
        var random = SplitMix64(state: 2)
        let declared = InputPreprocessing(mean: [100, 200], std: [40, 50])
        let prepared = (0..<40).map { _ in Self.normal(2, &random) }
        let findings = try Self.lint([1, 2], prepared, declared).findings()
        let finding = try #require(findings.first { $0.kind == .wrongPreparation })
        #expect(finding.severity == .error)
        let scaled = try Self.lint(
            [1, 2],
            [[0, 1], [1, 0]],
            InputPreprocessing(type: .uint8)
        )
        #expect(Self.kinds(scaled.findings()).contains(.wrongPreparation))
        let raw = (0..<40).map { _ in
            Self.normal(1, &random, mean: 100, deviation: 40)
                + Self.normal(1, &random, mean: 200, deviation: 50)
        }
        #expect(try Self.lint([1, 2], raw, declared).findings().isEmpty)
    }

    @Test("whole numbers up to 255 where nothing is declared are noted")
    func undeclaredBytes() throws {
        let findings = try Self.lint([1, 4], [[0, 64, 128, 255]]).findings()
        let finding = try #require(findings.first { $0.kind == .wrongPreparation })
        #expect(finding.severity == .note && finding.advice.contains("--input-type uint8"))
    }

    @Test("a feature far from its declared mean is named")
    func outliers() throws {
        var random = SplitMix64(state: 3)
        let declared = InputPreprocessing(mean: [0, 10, 20], std: [1, 2, 3])
        var samples = (0..<40).map { _ in
            [Float(0), 10, 20].enumerated().map { index, mean in
                mean + Self.normal(1, &random, deviation: Float(index + 1))[0]
            }
        }
        // (70 - 10) / 2 = 30 deviations.
        samples[17][1] = 70
        let findings = try Self.lint([1, 3], samples, declared).findings()
        let finding = try #require(findings.first { $0.kind == .outlyingFeature })
        #expect(finding.message.contains("channel 1 with 30.0"))
        #expect(finding.severity == .warning)
    }

    /// A smooth colour image of 16 × 12 pixels, channels last, each image with other slopes.
    static func picture(_ random: inout SplitMix64) -> [Float] {
        let slopes = (0..<6).map { _ in Float.random(in: -6...6, using: &random) }
        var values: [Float] = []
        for row in 0..<16 {
            for column in 0..<12 {
                for channel in 0..<3 {
                    let ramp = slopes[channel] * Float(row) + slopes[3 + channel] * Float(column)
                    values.append(128 + ramp + 20 * Float(channel))
                }
            }
        }
        return values
    }

    @Test("images with their channels elsewhere are found, others are not", arguments: 1...8)
    func layout(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        let last = (0..<8).map { _ in Self.picture(&random) }
        let first = last.map { image in (0..<576).map { image[$0 % 192 * 3 + $0 / 192] } }
        func isFound(_ shape: [Int], _ images: [[Float]]) throws -> Bool {
            Self.kinds(try Self.lint(shape, images).findings()).contains(.wrongLayout)
        }
        #expect(try !isFound([1, 16, 12, 3], last), "seed \(seed)")
        #expect(try isFound([1, 16, 12, 3], first), "seed \(seed)")
        #expect(try !isFound([1, 3, 16, 12], first), "seed \(seed)")
        #expect(try isFound([1, 3, 16, 12], last), "seed \(seed)")
    }

    @Test("rare and missing classes are found")
    func classes() {
        let balanced = [0, 0, 1, 1, 2]
        #expect(ClassLint.findings(balanced, role: "validation").isEmpty)
        let labels = [Int](repeating: 0, count: 20) + [1, 1]
        let findings = ClassLint.findings(labels, role: "calibration", needed: [0, 1, 2, 3, 3])
        #expect(Self.kinds(findings) == [.unbalancedClasses, .missingClasses])
        #expect(findings[1].severity == .error && findings[1].message.contains("2 (2, 3)"))
        #expect(ClassLint.findings([], role: "calibration").isEmpty)
    }

    @Test("a tensor that saturates and ranges that grow are found after quantization")
    func ranges() throws {
        var builder = NetworkBuilder(input: [1, 4], seed: 4)
        builder.dense(4)
        var samples = builder.samples(8)
        let spike = FloatTensor(proved: [1, 4], [900, -900, 900, -900])
        samples.append([spike])
        let prepared = try prepareForQuantization(builder.finished())
        let table = try calibrate(prepared.graph, samples: samples)
        let scheme = Scheme(inputRangeMethod: .percentile(share: 0.8))
        let (_, report) = try quantize(prepared, calibration: table, scheme: scheme)
        let kinds = Self.kinds(report.rangeFindings)
        #expect(kinds.contains(.saturation) && kinds.contains(.growingRange))
    }
}
