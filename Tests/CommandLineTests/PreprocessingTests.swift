import Foundation
import Testing

@Suite("Raw data in")
struct PreprocessingCommandTests {
    private func build(
        _ workshop: Workshop,
        to output: String,
        with more: [String]
    ) throws -> Martlet.Result {
        try Martlet.run(
            [
                "build", Martlet.digits("digits_float.tflite"), "--name", "digits", "--version",
                "1.0.0", "--target", "any", "--sign", workshop.key, "--output", output,
            ] + more
        )
    }

    /// The committed samples, whole numbers 0...16 as float32, as bytes times a factor.
    private func bytes(_ name: String, times factor: UInt8 = 1) throws -> [UInt8] {
        let file = [UInt8](try Data(contentsOf: URL(filePath: Martlet.digits(name))))
        let values = stride(from: 128, to: file.count, by: 4).map { offset in
            let word = file[offset..<offset + 4].reversed().reduce(UInt32(0)) {
                $0 << 8 | UInt32($1)
            }
            return UInt8(Float(bitPattern: word)) * factor
        }
        let extents = "(\(values.count / 64), 8, 8, 1)"
        var header = "{'descr': '|u1', 'fortran_order': False, 'shape': \(extents), }"
        header += String(repeating: " ", count: 117 - header.count) + "\n"
        return [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0] + Array(header.utf8) + values
    }

    /// Builds on bytes 0...240 of digits that the model knows as 0...16.
    private func rawBuild(
        _ workshop: Workshop,
        to output: String,
        with more: [String]
    ) throws -> Martlet.Result {
        let calibration = try workshop.write("c.npy", bytes("calibration_float.npy", times: 15))
        let validation = try workshop.write("v.npy", bytes("test_float.npy", times: 15))
        return try build(
            workshop,
            to: output,
            with: [
                "--calibration", calibration, "--validation", validation, "--labels",
                Martlet.digits("test_labels.npy"),
            ] + more
        )
    }

    private struct Answer: Decodable {
        struct Accuracy: Decodable { let accuracy: Double }
        let accuracy: Accuracy
        let float: Accuracy?
    }

    private func answer(_ text: String) throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
    }

    @Test("bytes go in raw, and the accuracy is that of prepared numbers")
    func rawBytes() throws {
        let workshop = try Workshop()
        let output = workshop.path("raw.eib")
        let file = try workshop.write(
            "p.yaml",
            Array("inputs:\n  - type: uint8\n    scale: 1/15\n".utf8)
        )
        let result = try rawBuild(
            workshop,
            to: output,
            with: ["--json", "--preprocessing", file]
        )
        #expect(result.status == 0, "\(result.errors)")
        let built = try answer(result.output)
        // 534 of 540 in float on the numbers 0...16 (Tests/Vectors/digits/README.md).
        #expect(built.float.map { abs($0.accuracy - 534.0 / 540) < 1e-9 } == true)
        #expect(built.accuracy.accuracy >= 534.0 / 540 - 0.005)
        let inspected = try Martlet.run(["inspect", output, "--trust", workshop.trust])
        #expect(inspected.output.contains("takes uint8, scale 0.0666"), "\(inspected.output)")
        let evaluated = try Martlet.run([
            "evaluate", output, "--trust", workshop.trust, "--inputs", workshop.path("v.npy"),
            "--labels", Martlet.digits("test_labels.npy"), "--json",
        ])
        #expect(evaluated.status == 0, "\(evaluated.errors)")
        #expect(evaluated.output.contains("\(built.accuracy.accuracy)"), "\(evaluated.output)")
    }

    @Test("options and a file say the same, and give the same bytes")
    func optionsAndFile() throws {
        let workshop = try Workshop()
        let (one, two) = (workshop.path("one.eib"), workshop.path("two.eib"))
        let json = #"{"inputs": [{"type": "uint8", "mean": [0], "scale": "1/15", "std": 1}]}"#
        let file = try workshop.write("p.json", Array(json.utf8))
        #expect(try rawBuild(workshop, to: one, with: ["--preprocessing", file]).status == 0)
        let options = ["--input-type", "uint8", "--input-scale", "1/15"]
        #expect(try rawBuild(workshop, to: two, with: options).status == 0)
        #expect(try workshop.read(one) == workshop.read(two))
    }

    @Test(
        "a file that is no declaration is refused with its place",
        arguments: [
            ("inputs: [", "not a preprocessing file"),
            ("", "it is empty"),
            ("just text", "the file must be a mapping"),
            ("inputs: []", "at least one entry"),
            ("inputs:\n  - typo: uint8\n", "unknown key 'typo'"),
            ("inputs:\n  - type: uint9\n", "inputs[0].type"),
            ("inputs:\n  - mean: [0.1, abc]\n", "inputs[0].mean[1]"),
            ("inputs:\n  - mean: {a: 1}\n", "inputs[0].mean"),
            ("inputs:\n  - std: 0\n", "std 0 of input"),
            ("inputs:\n  - std: .nan\n", "inputs[0].std"),
            ("inputs:\n  - mean: [1, 2, 3]\n", "mean of input"),
            ("inputs:\n  - input: nobody\n", "no input 'nobody'"),
            ("inputs:\n  - {}\n  - {}\n", "declared twice"),
        ]
    )
    func refusedFiles(text: String, message: String) throws {
        let workshop = try Workshop()
        let output = workshop.path("out.eib")
        let file = try workshop.write("p.yaml", Array(text.utf8))
        let result = try rawBuild(workshop, to: output, with: ["--preprocessing", file])
        #expect(result.status == 2, "\(text): \(result.errors)")
        #expect(result.errors.contains(message), "\(text): \(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: output))
    }

    @Test("numbers that are no bytes are refused where bytes were declared")
    func notBytes() throws {
        let workshop = try Workshop()
        let result = try build(
            workshop,
            to: workshop.path("out.eib"),
            with: [
                "--calibration", Martlet.digits("golden_float.npy"), "--input-type", "uint8",
            ]
        )
        #expect(result.status == 2)
        #expect(result.errors.contains("the array has shape"), "\(result.errors)")
        let both = try rawBuild(
            workshop,
            to: workshop.path("out.eib"),
            with: ["--input-type", "uint8", "--preprocessing", "none.yaml"]
        )
        #expect(both.status == 2)
        #expect(both.errors.contains("both by --preprocessing"), "\(both.errors)")
    }
}
