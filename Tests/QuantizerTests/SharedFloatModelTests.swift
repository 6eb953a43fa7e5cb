import Foundation
import InferenceRuntime
import ModelGraph
import ModelImport
import Testing

@testable import Quantizer

/// Published float models and LiteRT's outputs beside the project, where a machine has them.
@Suite("Published float models")
struct SharedFloatModelTests {
    static let shared = ReferenceInterpreterTests.vectors.appending(path: "../../../shared")
        .standardizedFileURL

    /// Models whose arithmetic is float throughout: kws_dscnn_float has int8 weights, for which
    /// LiteRT quantizes activations as they come.
    static let present = [
        "ad_autoencoder_float", "blazeface_short_fp16", "hello_world_float", "ic_resnet8_float",
        "kws_dscnn_fp32", "mnist_lstm_float",
    ].filter {
        FileManager.default.fileExists(atPath: shared.appending(path: "models/\($0).tflite").path())
    }

    private func reals(_ path: URL) throws -> [Float] {
        let bytes = [UInt8](try Data(contentsOf: path))
        let file = try NumpyFile(validating: bytes)
        let content = [UInt8](bytes[file.dataRange])
        let tensor = Tensor(name: "t", shape: file.shape, type: .float32, constant: content)
        return try #require(tensor.realValues())
    }

    @Test("a published model gives LiteRT's outputs", arguments: present)
    func golden(name: String) throws {
        let model = Self.shared.appending(path: "models/\(name).tflite")
        let graph = try importModel([UInt8](try Data(contentsOf: model)), name: name)
        let interpreter = try ReferenceInterpreter(graph)
        let folder = Self.shared.appending(path: "data/golden/\(name)_tflite")
        let shape = graph[graph.inputs[0].tensor].shape
        let size = shape.reduce(1, *)
        let inputs = try reals(folder.appending(path: "input0.npy"))
        let outputs = try graph.outputs.indices.map {
            try reals(folder.appending(path: "output\($0).npy"))
        }
        // LiteRT ran the samples in order, and kept what the model keeps.
        var state = interpreter.initialState
        for sample in 0..<min(4, inputs.count / size) {
            let part = Array(inputs[sample * size..<(sample + 1) * size])
            let input = try #require(FloatTensor(shape: shape, values: part))
            for (result, golden) in zip(try interpreter.run([input], state: &state), outputs) {
                let count = result.values.count
                let expected = golden[sample * count..<(sample + 1) * count]
                // Single precision sums on LiteRT's side, relative to what the output spans.
                let bound = 1e-4 * max(1, expected.map(abs).max() ?? 1)
                let isClose = zip(result.values, expected).allSatisfy { abs($0 - $1) <= bound }
                #expect(isClose, "sample \(sample)")
            }
        }
    }
}
