import Foundation
import InferenceRuntime
import Testing

@Suite("Float models on the command line")
struct ReferenceTests {
    /// The float32 elements of an array file.
    private func reals(_ path: String) throws -> [Float] {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        let file = try NumpyFile(validating: bytes)
        #expect(file.type == .float32)
        return bytes[file.dataRange].withUnsafeBytes { raw in
            (0..<raw.count / 4).map { index in
                let bits = raw.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                return Float(bitPattern: UInt32(littleEndian: bits))
            }
        }
    }

    @Test("the float digits model gives LiteRT's probabilities in a file of the output's name")
    func reference() throws {
        let workshop = try Workshop()
        let result = try Martlet.run([
            "infer", Martlet.digits("digits_float.tflite"), "--reference", "--input",
            Martlet.digits("test_float.npy"), "--output-dir", workshop.path("out"), "--json",
        ])
        #expect(result.status == 0)
        let answer = try JSONDecoder().decode(
            [String: [String]].self,
            from: Data(result.output.utf8)
        )
        let file = try #require(answer["outputs"]?.first)
        #expect(file.hasPrefix(workshop.path("out")) && file.hasSuffix(".npy"))
        let values = try reals(file)
        let golden = try reals(Martlet.digits("golden_float.npy"))
        #expect(values.count == golden.count)
        for (value, expected) in zip(values, golden) { #expect(abs(value - expected) < 1e-5) }
    }

    @Test("stored integers of an int8 model are read as the numbers that they stand for")
    func integerModel() throws {
        let workshop = try Workshop()
        let result = try Martlet.run([
            "infer", Martlet.digits("digits_int8.tflite"), "--reference", "--input",
            Martlet.digits("test_int8.npy"), "--output-dir", workshop.path("out"),
        ])
        #expect(result.status == 0)
        let path = result.output.trimmingCharacters(in: .newlines)
        let golden = try reals(Martlet.digits("golden_float.npy"))
        // The weights are those of the float model, rounded to 8 bits.
        let rows = zip(try reals(path), golden)
        #expect(rows.allSatisfy { abs($0 - $1) < 0.2 })
    }

    @Test("what --reference cannot do is a usage error and writes nothing")
    func refusals() throws {
        let workshop = try Workshop()
        let input = Martlet.digits("test_float.npy")
        let out = workshop.path("out")
        let float = Martlet.digits("digits_float.tflite")
        for arguments in [
            ["infer", workshop.bundle, "--reference", "--input", input, "--output-dir", out],
            ["infer", float, "--reference", "--input", input],
            ["infer", float, "--input", input, "--output-dir", out],
            [
                "infer", float, "--reference", "--input", input, "--input", input, "--output-dir",
                out,
            ],
            [
                "infer", float, "--reference", "--input", Martlet.digits("test_labels.npy"),
                "--output-dir", out,
            ],
        ] {
            #expect(try Martlet.run(arguments).status == 2, "\(arguments)")
            #expect(!FileManager.default.fileExists(atPath: out))
        }
    }
}
