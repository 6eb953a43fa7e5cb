import Foundation
import Testing

@Suite("From a float model to a bundle")
struct CalibrationCommandTests {
    private func build(
        _ workshop: Workshop,
        to output: String,
        calibration: String = Martlet.digits("calibration_float.npy"),
        model: String = "digits_float.tflite",
        with more: [String] = []
    ) throws -> Martlet.Result {
        try Martlet.run(
            [
                "build", Martlet.digits(model), "--name", "digits", "--version", "1.0.0",
                "--target", "any", "--sign", workshop.key, "--output", output,
                "--calibration", calibration,
            ] + more
        )
    }

    private let labelled = [
        "--validation", Martlet.digits("test_float.npy"), "--labels",
        Martlet.digits("test_labels.npy"),
    ]

    /// A `.npy` file, version 1, of float32 numbers.
    private func array(_ shape: [Int], _ values: [Float], type: String = "<f4") -> [UInt8] {
        let extents = shape.map { "\($0)," }.joined(separator: " ")
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }"
        header += String(repeating: " ", count: 117 - header.count) + "\n"
        let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0]
        return magic + Array(header.utf8)
            + values.flatMap { value in
                withUnsafeBytes(of: value.bitPattern.littleEndian) { [UInt8]($0) }
            }
    }

    @Test("the float digits model keeps its accuracy, and two builds give the same bytes")
    func digits() throws {
        let workshop = try Workshop()
        let (one, two) = (workshop.path("one.eib"), workshop.path("two.eib"))
        let report = workshop.path("report.json")
        let more = labelled + ["--json", "--max-drop", "0.02", "--report", report]
        let result = try build(workshop, to: one, with: more)
        #expect(result.status == 0, "\(result.errors)")
        struct Answer: Decodable {
            struct Metrics: Decodable { let accuracy: Double }
            struct Comparison: Decodable {
                let reference: Metrics
                let agreement: Double
                let verdict: String
            }
            struct Evaluation: Decodable {
                let accuracy: Double
                let comparison: Comparison
            }
            let evaluation: Evaluation
        }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(result.output.utf8))
        // 0.9889 in float (Tests/Vectors/digits/README.md).
        #expect(abs(answer.evaluation.comparison.reference.accuracy - 534.0 / 540) < 1e-9)
        #expect(answer.evaluation.accuracy >= 534.0 / 540 - 0.005)
        #expect(answer.evaluation.comparison.agreement > 0.99)
        #expect(answer.evaluation.comparison.verdict == "pass")
        #expect(result.errors.contains("calibrate: 100 %"))
        let json = try JSONSerialization.jsonObject(with: Data(workshop.read(report)))
        #expect((json as? [String: Any])?["layers"] != nil)
        #expect(try build(workshop, to: two, with: labelled).status == 0)
        #expect(try workshop.read(one) == workshop.read(two))
        // A bundle is an uncompressed archive, so that metadata can be read with any tool.
        let bundle = try workshop.read(one)
        for text in ["meta/quantization.json", "signal to noise of the scores"] {
            #expect(Data(bundle).range(of: Data(text.utf8)) != nil, "\(text)")
        }
    }

    @Test("a gate that the samples cannot decide refuses, and leaves no bundle")
    func undecidedGate() throws {
        let workshop = try Workshop()
        let output = workshop.path("out.eib")
        let strict = labelled + ["--max-drop", "0.0001"]
        let refused = try build(workshop, to: output, with: strict)
        #expect(refused.status == 6, "\(refused.errors)")
        #expect(refused.errors.contains("--allow-inconclusive"))
        #expect(!FileManager.default.fileExists(atPath: output))
        #expect(
            try build(workshop, to: output, with: strict + ["--allow-inconclusive"]).status == 0
        )
    }

    @Test("a float model without calibration, and calibration of an integer model, are refused")
    func wrongKind() throws {
        let workshop = try Workshop()
        let output = workshop.path("out.eib")
        let float = try Martlet.run([
            "build", Martlet.digits("digits_float.tflite"), "--name", "d", "--version", "1",
            "--target", "any", "--sign", workshop.key, "--output", output,
        ])
        #expect(float.status == 5)
        #expect(float.errors.contains("--calibration"))
        let integer = try build(workshop, to: output, model: "digits_int8.tflite")
        #expect(integer.status == 2)
        #expect(!FileManager.default.fileExists(atPath: output))
    }

    @Test("samples of another type or shape, with NaN, or all constant are refused")
    func wrongSamples() throws {
        let workshop = try Workshop()
        let output = workshop.path("out.eib")
        let ramp = (0..<128).map { Float($0 % 17) }
        let cases: [(String, [UInt8], String)] = [
            ("type.npy", array([2, 8, 8, 1], ramp, type: "<i4"), "takes float32"),
            ("shape.npy", array([2, 8, 4, 2], ramp), "the array has shape"),
            ("nan.npy", array([2, 8, 8, 1], ramp.dropLast() + [.nan]), "sample 1 holds NaN"),
            ("flat.npy", array([2, 8, 8, 1], ramp.map { _ in 3 }), "is constant"),
        ]
        for (name, bytes, message) in cases {
            let path = try workshop.write(name, bytes)
            let result = try build(workshop, to: output, calibration: path)
            #expect(result.status == 2, "\(name): \(result.errors)")
            #expect(result.errors.contains(message), "\(name): \(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: output))
        }
    }

    @Test("few, repeated and overlapping samples are warned of")
    func warnings() throws {
        let workshop = try Workshop()
        let ramp = (0..<64).map { Float($0 % 17) }
        let path = try workshop.write("twice.npy", array([2, 8, 8, 1], ramp + ramp))
        let few = try build(workshop, to: workshop.path("few.eib"), calibration: path)
        #expect(few.status == 0, "\(few.errors)")
        #expect(few.errors.contains("repeat others: 1 (1)"))
        #expect(few.errors.contains("2 calibration sample(s)"))
        let tests = Martlet.digits("test_float.npy")
        let output = workshop.path("overlap.eib")
        let overlap = try build(workshop, to: output, calibration: tests, with: labelled)
        #expect(overlap.errors.contains("also validation samples"))
    }
}
