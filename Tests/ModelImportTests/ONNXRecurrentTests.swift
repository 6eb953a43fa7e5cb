import Foundation
import ModelGraph
import Quantizer
import Testing

@testable import ModelImport

/// Recurrent layers, truth values and folded quantization, by numbers that can be followed by hand.
@Suite("ONNX operators made of others")
struct ONNXRecurrentTests {
    private func run(_ file: ONNXFile, _ values: [[Float]]) throws -> [[Float]] {
        let graph = try file.imported()
        let inputs = try zip(graph.inputs, values).map { port, values in
            try #require(FloatTensor(shape: graph[port.tensor].shape, values: values))
        }
        return try ReferenceInterpreter(graph).run(inputs).map(\.values)
    }

    /// Two steps of `h = relu(x + h / 2)`; a second direction adds three times the input.
    private func recurrent(_ direction: String, layout: Int64 = 0) -> ONNXFile {
        let count = direction == "bidirectional" ? 2 : 1
        var file = ONNXFile()
        file.input("x", layout == 1 ? [1, 2, 1] : [2, 1, 1])
        file.floats("w", [count, 1, 1], [Float](([1, 3] as [Float]).prefix(count)))
        file.floats("r", [count, 1, 1], [Float](repeating: 0.5, count: count))
        file.node(
            "RNN",
            ["x", "w", "r"],
            "y",
            int: ["hidden_size": 1, "layout": layout],
            text: ["direction": direction]
        )
        var activations = Onnx_AttributeProto()
        activations.name = "activations"
        activations.type = .strings
        activations.strings = [Data](repeating: Data("Relu".utf8), count: count)
        file.proto.graph.node[0].attribute.append(activations)
        file.proto.graph.node[0].output.append("last")
        file.output("y")
        file.output("last")
        return file
    }

    @Test(
        "a state goes from step to step in the direction of the layer",
        arguments: [
            ("forward", [1, 2.5], [2.5]), ("reverse", [2, 2], [2]),
            // Backwards: 3 * 2 = 6 at the second step, then 3 * 1 + 6 / 2 = 6.
            ("bidirectional", [1, 6, 2.5, 6], [2.5, 6]),
        ] as [(String, [Float], [Float])]
    )
    func directions(direction: String, sequence: [Float], last: [Float]) throws {
        #expect(try run(recurrent(direction), [[1, 2]]) == [sequence, last])
        #expect(try run(recurrent(direction, layout: 1), [[1, 2]]) == [sequence, last])
    }

    @Test("an LSTM with open gates adds up what its candidates say")
    func openGates() throws {
        // Biases of 100 open the gates input, output and forget; only the candidate reads x.
        var file = ONNXFile()
        file.input("x", [3, 1, 1])
        file.floats("w", [1, 4, 1], [0, 0, 0, 1])
        file.floats("r", [1, 4, 1], [0, 0, 0, 0])
        file.floats("b", [1, 8], [100, 100, 100, 0, 0, 0, 0, 0])
        file.node("LSTM", ["x", "w", "r", "b"], "", int: ["hidden_size": 1])
        file.proto.graph.node[0].output = ["", "", "cell"]
        file.output("cell")
        // tanh(100) = 1 and tanh(-100) = -1.
        #expect(try run(file, [[100, 100, -100]]) == [[1]])
    }

    @Test(
        "comparisons and logic give 0 and 1, and NaN compares as false",
        arguments: [
            ("Equal", [0, 1, 0, 0]), ("Less", [1, 0, 0, 0]), ("Greater", [0, 0, 1, 0]),
            ("LessOrEqual", [1, 1, 0, 0]), ("GreaterOrEqual", [0, 1, 1, 0]),
        ] as [(String, [Float])]
    )
    func comparisons(type: String, expected: [Float]) throws {
        var file = ONNXFile()
        file.input("a", [4])
        file.input("b", [4])
        file.output(file.node(type, ["a", "b"]))
        let tiny = Float.leastNonzeroMagnitude
        #expect(try run(file, [[0, 2, tiny, .nan], [tiny, 2, 0, 1]]) == [expected])
    }

    @Test(
        "truth values combine",
        arguments: [
            ("And", [0, 0, 0, 1]), ("Or", [0, 1, 1, 1]), ("Xor", [0, 1, 1, 0]),
        ] as [(String, [Float])]
    )
    func logic(type: String, expected: [Float]) throws {
        var file = ONNXFile()
        file.input("a", [4], type: 9)
        file.input("b", [4], type: 9)
        let result = file.node(type, ["a", "b"])
        file.output(result)
        file.output(file.node("Not", [result]))
        let outputs = try run(file, [[0, 0, 1, 1], [0, 1, 0, 1]])
        #expect(outputs == [expected, expected.map { 1 - $0 }])
    }

    @Test("float weights behind QuantizeLinear and DequantizeLinear become integers")
    func quantizedWeights() throws {
        var file = ONNXFile()
        file.input("x", [1, 2])
        file.floats("scale", [], [0.5])
        file.bytes("zero", [0])
        file.floats("w", [2, 1], [1.26, -200])
        func through(_ value: String) -> String {
            let stored = file.node("QuantizeLinear", [value, "scale", "zero"])
            return file.node("DequantizeLinear", [stored, "scale", "zero"])
        }
        let product = file.node("MatMul", [through("x"), through("w")])
        file.output(through(product))
        let graph = try file.imported()
        #expect(throws: Never.self) { try QuantizedGraph(proving: graph) }
        let weights = try #require(
            graph.tensors.first { $0.shape == [1, 2] && $0.constant != nil }
        )
        // 1.26 / 0.5 rounds to 3; -400 saturates.
        #expect(weights.constant == [3, 0x80])
    }
}
