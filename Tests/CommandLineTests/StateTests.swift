import Foundation
import InferenceRuntime
import Testing

@Suite("Models that keep state on the command line")
struct StateTests {
    /// A recurrent layer, with what LiteRT answered to four samples in order.
    private static func vector(_ name: String) -> String {
        Martlet.root.appending(path: "Tests/Vectors/operators/\(name)").path()
    }

    private func content(_ path: String) throws -> [UInt8] {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        return [UInt8](bytes[try NumpyFile(validating: bytes).dataRange])
    }

    /// Runs the samples of the layer.
    private func infer(_ workshop: Workshop, _ more: [String]) throws -> [UInt8] {
        let output = workshop.path("out.npy")
        let result = try Martlet.run(
            [
                "infer", Self.vector("lstm.tflite"), "--input", Self.vector("lstm.in0.npy"),
                "--output", output,
            ] + more
        )
        #expect(result.status == 0, "\(result.errors)")
        return try content(output)
    }

    @Test("samples of a file follow each other, or each starts from the initial values")
    func resets() throws {
        let workshop = try Workshop()
        let golden = try content(Self.vector("lstm.out0.npy"))
        #expect(try infer(workshop, []) == golden)
        #expect(try infer(workshop, ["--reset-state", "never"]) == golden)
        let each = try infer(workshop, ["--reset-state", "each"])
        let size = golden.count / 4
        #expect(each != golden && each.prefix(size) == golden.prefix(size))
        let unknown = try Martlet.run([
            "infer", Self.vector("lstm.tflite"), "--input", "x", "--reset-state", "daily",
        ])
        #expect(unknown.status == 2)
    }

    @Test("in floating point the state means the same", arguments: ["never", "each"])
    func reference(resets: String) throws {
        let workshop = try Workshop()
        let stored = try infer(workshop, ["--reset-state", resets, "--dequantize"])
        let result = try Martlet.run([
            "infer", Self.vector("lstm.tflite"), "--reference", "--input",
            Self.vector("lstm.in0.npy"), "--output-dir", workshop.path("out"), "--reset-state",
            resets,
        ])
        #expect(result.status == 0, "\(result.errors)")
        let path = result.output.trimmingCharacters(in: .newlines)
        let (integers, reals) = (floats(stored), floats(try content(path)))
        #expect(integers.count == reals.count && !reals.isEmpty)
        // Hidden values are rounded to 1/128; the input's part of a gate saturates at 8.
        for (integer, real) in zip(integers, reals) { #expect(abs(integer - real) < 0.06) }
    }

    private func floats(_ bytes: [UInt8]) -> [Float] {
        bytes.withUnsafeBytes { raw in
            (0..<raw.count / 4).map { index in
                let bits = raw.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                return Float(bitPattern: UInt32(littleEndian: bits))
            }
        }
    }

    @Test("inspect names the states")
    func inspect() throws {
        let result = try Martlet.run(["inspect", Self.vector("variable_swapped.tflite")])
        #expect(result.status == 0)
        let lines = result.output.split(separator: "\n")
        #expect(
            lines.contains("state 'a': int8 [1, 4]") && lines.contains("state 'b': int8 [1, 4]")
        )
    }

    @Test("golden vectors of a bundle start from the initial values")
    func bundle() throws {
        let workshop = try Workshop()
        let path = workshop.path("lstm.eib")
        let built = try Martlet.run([
            "build", Self.vector("lstm.tflite"), "--name", "lstm", "--version", "1.0.0",
            "--target", "any", "--sign", workshop.key, "--output", path, "--validation",
            Self.vector("lstm.in0.npy"),
        ])
        #expect(built.status == 0, "\(built.errors)")
        let output = workshop.path("out.npy")
        let result = try Martlet.run([
            "infer", path, "--trust", workshop.trust, "--input", Self.vector("lstm.in0.npy"),
            "--output", output,
        ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try content(output) == content(Self.vector("lstm.out0.npy")))
        let inspected = try Martlet.run(["inspect", path, "--trust", workshop.trust, "--json"])
        struct Answer: Decodable { let states: [String] }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(inspected.output.utf8))
        // The layer's variables are tensors 13 and 14 of the vector.
        #expect(answer.states == ["t13", "t14"])
    }
}
