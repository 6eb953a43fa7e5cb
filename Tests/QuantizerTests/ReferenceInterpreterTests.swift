import Foundation
import InferenceRuntime
import ModelGraph
import ModelImport
import Testing

@testable import Quantizer

@Suite("Reference interpreter against LiteRT")
struct ReferenceInterpreterTests {
    static let vectors = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors")

    /// The elements of an array file in real numbers, as `quantization` reads them.
    static func reals(_ path: String, _ quantization: Quantization? = nil) throws -> [Float] {
        let bytes = [UInt8](try Data(contentsOf: vectors.appending(path: path)))
        let file = try NumpyFile(validating: bytes)
        let tensor = Tensor(
            name: path,
            shape: file.shape,
            type: try #require(DataType(rawValue: "\(file.type)")),
            quantization: quantization,
            constant: [UInt8](bytes[file.dataRange])
        )
        return try #require(tensor.realValues())
    }

    @Test("the float digits model gives LiteRT's probabilities on the test images")
    func digits() throws {
        let path = Self.vectors.appending(path: "digits/digits_float.tflite")
        let graph = try importModel([UInt8](try Data(contentsOf: path)), name: "digits")
        let interpreter = try ReferenceInterpreter(graph)
        let images = try Self.reals("digits/test_float.npy")
        let golden = try Self.reals("digits/golden_float.npy")
        for index in 0..<60 {
            let image = Array(images[index * 64..<(index + 1) * 64])
            let input = try #require(FloatTensor(shape: [1, 8, 8, 1], values: image))
            let output = try #require(try interpreter.run([input]).first)
            for (value, expected) in zip(output.values, golden[(index * 10)...]) {
                // Single precision sums in LiteRT, of probabilities of at most 1.
                #expect(abs(value - expected) < 1e-5, "image \(index)")
            }
        }
    }

    struct Index: Decodable {
        var cases: [Case]
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        struct File: Decodable, Sendable {
            var file: String
            var dtype: String
        }

        var name: String
        var samples: Int
        var inputs: [File]
        var outputs: [File]
        var testDescription: String { name }
    }

    static func cases() throws -> [Case] {
        let data = try Data(contentsOf: vectors.appending(path: "operators/index.json"))
        return try JSONDecoder().decode(Index.self, from: data).cases
    }

    /// Layers whose hidden values or cells leave what their integers hold: LiteRT goes on from the
    /// clipped value, real numbers do not.
    private static let clipped = [
        "lstm_cell_2_to_15", "lstm_fine_hidden", "lstm_saturated", "lstm_zero_points_high",
        "lstm_zero_points_low",
    ]

    /// The integers of LiteRT are the reals, rounded to steps of the output's scale, where a step
    /// more or less is what rounding inside an operator of several stages may add.
    ///
    /// A recurrent layer carries what it rounds from step to step.
    @Test(
        "an integer operator means, in real numbers, what LiteRT's integers say",
        arguments: try cases().filter { !clipped.contains($0.name) }
    )
    func operators(_ item: Case) throws {
        let model = Self.vectors.appending(path: "operators/\(item.name).tflite")
        let graph = try importModel([UInt8](try Data(contentsOf: model)), name: item.name)
        let interpreter = try ReferenceInterpreter(graph)
        let inputs = try zip(item.inputs, graph.inputs).map { file, port in
            try samples(file, graph[port.tensor], item.samples)
        }
        let outputs = try zip(item.outputs, graph.outputs).map { file, port in
            try samples(file, graph[port.tensor], item.samples)
        }
        let steps: Float = item.name.hasPrefix("lstm") ? 8 : 1.01
        // The reference ran all samples in order, and kept what the model keeps.
        var state = interpreter.initialState
        for sample in 0..<item.samples {
            let results = try interpreter.run(inputs.map { $0[sample] }, state: &state)
            for (index, port) in graph.outputs.enumerated() {
                let tensor = graph[port.tensor]
                let step = tensor.quantization?.scales[0] ?? 0
                for (value, expected) in zip(results[index].values, outputs[index][sample].values) {
                    #expect(abs(value - expected) <= steps * step)
                }
            }
        }
    }

    private func samples(_ file: Case.File, _ tensor: Tensor, _ count: Int) throws -> [FloatTensor]
    {
        let isStored = file.dtype != "float32"
        let values = try Self.reals(
            "operators/\(file.file)",
            isStored ? tensor.quantization : nil
        )
        let size = tensor.elementCount
        return try (0..<count).map { index in
            let part = Array(values[index * size..<(index + 1) * size])
            return try #require(FloatTensor(shape: tensor.shape, values: part))
        }
    }
}
