import Foundation
import Testing

@Suite("Evaluating models")
struct EvaluateTests {
    private struct Metrics: Decodable {
        struct Top: Decodable {
            let count: Int
            let correct: Int
        }
        let samples: Int
        let accuracy: Double?
        let area: Double?
        let meanAbsoluteError: Double?
        let determination: Double?
        let top: Top?
    }

    private struct Answer: Decodable {
        struct Slice: Decodable {
            let name: String
            let metrics: Metrics
        }
        struct Comparison: Decodable {
            let against: String
            let drop: Double
            let dropLower: Double
            let dropUpper: Double
            let referenceOnly: Int?
            let candidateOnly: Int?
            let verdict: String?
            let neededSamples: Int?
        }
        let task: String
        let samples: Int
        let slices: [Slice]?
        let comparison: Comparison?
    }

    private static let labels = Martlet.digits("test_labels.npy")
    private static let float = Martlet.digits("digits_float.tflite")
    private static let integer = Martlet.digits("digits_int8.tflite")
    private static let samples = Martlet.digits("test_float.npy")

    private func evaluate(_ model: String, _ arguments: [String]) throws -> Martlet.Result {
        try Martlet.run(["evaluate", model] + arguments)
    }

    private func decode<Value: Decodable>(_ result: Martlet.Result) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(result.output.utf8))
    }

    /// A `.npy` file of version 1 with float32 or int32 elements.
    private func array(_ kind: String, _ shape: String, _ words: [UInt32]) -> [UInt8] {
        var header = "{'descr': '\(kind)', 'fortran_order': False, 'shape': (\(shape)), }"
        header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
        let content = words.flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
        }
        return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8) + content
    }

    @Test("integers against floats: paired counts, an interval and a verdict")
    func against() throws {
        let result = try evaluate(
            Self.integer,
            [
                "--inputs", Self.samples, "--labels", Self.labels, "--against", Self.float,
                "--max-drop", "0.01", "--top-k", "10", "--json",
            ]
        )
        #expect(result.status == 0, "\(result.errors)")
        let metrics: Metrics = try decode(result)
        let answer: Answer = try decode(result)
        // LiteRT's golden outputs of both models have 534 of 540 right (Tests/Vectors/digits).
        #expect(answer.task == "classification" && metrics.samples == 540)
        #expect(abs(try #require(metrics.accuracy) - 534.0 / 540) < 1e-12)
        #expect(metrics.top?.count == 10 && metrics.top?.correct == 540)
        let comparison = try #require(answer.comparison)
        #expect(comparison.against == Self.float && comparison.drop == 0)
        #expect(comparison.referenceOnly == comparison.candidateOnly)
        #expect(abs(comparison.dropLower + comparison.dropUpper) < 1e-9)
        #expect(comparison.verdict == "pass")
    }

    @Test("a worse model exits with 6 after its report, as does one that too few samples speak for")
    func gate() throws {
        let workshop = try Workshop()
        var blank = try workshop.read(Self.samples)
        let start = 10 + Int(blank[8]) + Int(blank[9]) << 8
        blank.replaceSubrange(start..., with: Array(repeating: 0, count: blank.count - start))
        let path = try workshop.write("blank.npy", blank)
        let common = ["--labels", Self.labels, "--against", Self.float, "--json"]
        let worse = try evaluate(
            Self.integer,
            ["--inputs", path, "--against-inputs", Self.samples, "--max-drop", "0.01"] + common
        )
        #expect(worse.status == 6)
        #expect(worse.errors.contains("worse than"))
        let answer: Answer = try decode(worse)
        #expect(answer.comparison?.verdict == "fail")
        let open = try evaluate(
            Self.integer,
            ["--inputs", Self.samples, "--max-drop", "0.005"] + common
        )
        #expect(open.status == 6)
        // Without discordant samples the interval ends at z² / (n + z²) (Tango, 1998), so that
        // z² (1 - d) / d = 764.5 samples decide about d = 0.005.
        let undecided: Answer = try decode(open)
        #expect(undecided.comparison?.verdict == "inconclusive")
        #expect(undecided.comparison?.neededSamples == 765)
        #expect(open.errors.contains("about 765 samples"))
        let allowed = try evaluate(
            Self.integer,
            ["--inputs", Self.samples, "--max-drop", "0.005", "--allow-inconclusive"] + common
        )
        #expect(allowed.status == 0)
        #expect(allowed.errors.contains("about 765 samples"))
    }

    @Test("without labels the raw outputs of two models are compared")
    func rawOutputs() throws {
        let result = try evaluate(
            Self.integer,
            ["--inputs", Self.samples, "--against", Self.float, "--json"]
        )
        #expect(result.status == 0, "\(result.errors)")
        struct Output: Decodable {
            let elements: Int
            let largestError: Double
            let signalToNoiseDecibels: Double
        }
        let outputs: [Output] = try decode(result)
        #expect(outputs.map(\.elements) == [10])
        #expect(outputs[0].signalToNoiseDecibels > 20 && outputs[0].largestError < 1)
        let alone = try evaluate(Self.integer, ["--inputs", Self.samples])
        #expect(alone.status == 2)
        #expect(alone.errors.contains("--against"))
    }

    @Test("slices are measured apart, from an array or from a text file")
    func slices() throws {
        let workshop = try Workshop()
        let marks = (0..<540).map { $0 < 100 ? "early" : "late" }.joined(separator: "\n") + "\n"
        let text = try workshop.write("slices.txt", Array(marks.utf8))
        for (file, names) in [
            (text, ["early", "late"]), (Self.labels, (0..<10).map(String.init)),
        ] {
            let result = try evaluate(
                Self.integer,
                [
                    "--inputs", Self.samples, "--labels", Self.labels, "--slices", file, "--json",
                ]
            )
            #expect(result.status == 0, "\(result.errors)")
            let answer: Answer = try decode(result)
            #expect(answer.slices?.map(\.name) == names)
            #expect(answer.slices?.map(\.metrics.samples).reduce(0, +) == 540)
        }
        let short = try workshop.write("short.txt", Array("a\nb\n".utf8))
        let result = try evaluate(
            Self.integer,
            ["--inputs", Self.samples, "--labels", Self.labels, "--slices", short]
        )
        #expect(result.status == 2)
    }

    @Test("regression: the float model predicts what LiteRT computed")
    func regression() throws {
        let truth = Martlet.digits("golden_float.npy")
        let result = try evaluate(
            Self.integer,
            [
                "--task", "regression", "--inputs", Self.samples, "--labels", truth, "--against",
                Self.float, "--max-drop", "0.5", "--json",
            ]
        )
        #expect(result.status == 6, "eight bits are no match for the original itself")
        let metrics: Metrics = try decode(result)
        #expect(try #require(metrics.meanAbsoluteError) < 0.01)
        #expect(try #require(metrics.determination) > 0.99)
        let exact = try evaluate(
            Self.float,
            ["--task", "regression", "--inputs", Self.samples, "--labels", truth, "--json"]
        )
        let own: Metrics = try decode(exact)
        #expect(exact.status == 0)
        #expect(try #require(own.meanAbsoluteError) < 1e-5)
    }

    @Test("anomalies: the score is the mean squared error, over the samples of each label")
    func anomaly() throws {
        // RELU gives back what is not negative, so the negative samples have errors.
        let workshop = try Workshop()
        let values: [Float] = [-3, 1, 2, -1, 4, 5, 6, 7]
        let words = values.flatMap { [UInt32](repeating: $0.bitPattern, count: 22) }
        let inputs = try workshop.write("x.npy", array("<f4", "16, 11", words))
        let model = Martlet.root.appending(path: "Tests/Vectors/float_models/relu.tflite").path()
        for (labels, area) in [([UInt32(1), 1, 0, 0], 1.0), ([1, 0, 0, 1], 0.625)] {
            let path = try workshop.write("y.npy", array("<i4", "4,", labels))
            let result = try evaluate(
                model,
                ["--task", "anomaly", "--inputs", inputs, "--labels", path, "--json"]
            )
            #expect(result.status == 0, "\(result.errors)")
            let metrics: Metrics = try decode(result)
            #expect(metrics.area == area && metrics.samples == 4)
        }
        let odd = try workshop.write("y.npy", array("<i4", "3,", [1, 0, 0]))
        let result = try evaluate(
            model,
            ["--task", "anomaly", "--inputs", inputs, "--labels", odd]
        )
        #expect(result.status == 2)
    }

    @Test(
        "options that do not go together exit with 2",
        arguments: [
            ["--max-drop", "0.1"], ["--against-inputs", "x.npy"], ["--top-k", "0"],
            ["--top-k", "2", "--task", "anomaly"], ["--task", "guessing"],
            ["--max-drop", "2", "--against", "m.tflite"], ["--allow-inconclusive"],
        ]
    )
    func usage(arguments: [String]) throws {
        let common = ["--inputs", Self.samples, "--labels", Self.labels]
        #expect(try evaluate(Self.integer, common + arguments).status == 2)
    }
}
