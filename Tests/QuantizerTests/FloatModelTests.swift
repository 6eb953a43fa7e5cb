import Foundation
import ModelGraph
import ModelImport
import Quantizer
import Testing

/// Float TFLite models with the answers of LiteRT, `Tests/Vectors/float_models`.
enum FloatModels {
    struct Array: Decodable, Sendable {
        let shape: [Int]
        let values: [Float]
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let inputs: [Array]
        let output: Array

        var testDescription: String { name }
    }

    private struct Index: Decodable {
        let cases: [Case]
    }

    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Vectors/float_models")

    static func cases() throws -> [Case] {
        let data = try Data(contentsOf: folder.appending(path: "index.json"))
        return try JSONDecoder().decode(Index.self, from: data).cases
    }
}

@Suite("Float TFLite models")
struct FloatModelTests {
    @Test("a float operator answers as LiteRT does", arguments: try FloatModels.cases())
    func operators(example: FloatModels.Case) throws {
        let file = FloatModels.folder.appending(path: example.name + ".tflite")
        let graph = try importModel([UInt8](try Data(contentsOf: file)), name: example.name)
        let inputs = try example.inputs.map { input in
            try #require(FloatTensor(shape: input.shape, values: input.values))
        }
        let outputs = try ReferenceInterpreter(graph).run(inputs)
        #expect(outputs.map(\.shape) == [example.output.shape])
        let expected = example.output.values
        try #require(outputs[0].values.count == expected.count)
        for (index, (value, truth)) in zip(outputs[0].values, expected).enumerated() {
            #expect(abs(value - truth) <= 1e-5 * max(1, abs(truth)), "element \(index)")
        }
    }
}
