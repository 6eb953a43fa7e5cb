import Foundation
import InferenceRuntime
import ModelGraph
import ModelImport
import Testing

@Suite("Single layers of an int8 model promoted to int16")
struct Int16PromotionTests {
    /// `(q - z) * 128` of int8 fits int16, so the input of a promoted layer is exact.
    private static let finer: Float = 128

    private static func model() throws -> Graph {
        let file = OperatorVectors.vectors.appending(path: "digits/digits_int8.tflite")
        return try importModel([UInt8](try Data(contentsOf: file)), name: "digits")
    }

    private static func rows(_ name: String) throws -> [[UInt8]] {
        try numpyRows(OperatorVectors.vectors.appending(path: "digits/\(name).npy"))
    }

    static let layers = ["Convolution2D", "DepthwiseConvolution2D", "FullyConnected", "Softmax"]

    /// The graph with node `index` on int16, between requantizations.
    private func promoted(_ graph: Graph, _ index: Int) throws -> Graph {
        var wide = graph
        var node = graph.nodes[index]
        let input = try #require(node.inputs[0])
        var output = graph[node.outputs[0]]
        let scale = try #require(output.quantization?.scales[0])
        let isSoftmax = node.operator.name == "Softmax"
        output.type = .int16
        output.quantization = Quantization(
            scale: isSoftmax ? 0x1p-15 : scale / Self.finer,
            zeroPoint: 0
        )
        var source = graph[input]
        source.type = .int16
        let inputScale = try #require(source.quantization?.scales[0])
        source.quantization = Quantization(scale: inputScale / Self.finer, zeroPoint: 0)
        let (x, y) = (wide.add(source), wide.add(output))
        let result = node.outputs[0]
        node.inputs[0] = x
        node.outputs = [y]
        if node.inputs.count == 3, let id = node.inputs[2], let bytes = graph[id].constant {
            var bias = graph[id]
            bias.type = .int64
            bias.constant = LittleEndian.int32s(bytes).flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: (Int64(word) * 128) >> (8 * $0)) }
            }
            node.inputs[2] = wide.add(bias)
        }
        func join(_ from: TensorID, _ to: TensorID) -> Node {
            Node(name: "join", operator: .requantize, inputs: [from], outputs: [to])
        }
        wide.nodes.replaceSubrange(index...index, with: [join(input, x), node, join(y, result)])
        return wide
    }

    @Test("each layer in turn: the scores stay within 3 of 256 steps")
    func layersInTurn() throws {
        let graph = try Self.model()
        let inputs = try Self.rows("test_int8").prefix(60)
        let expected = try Self.rows("golden_int8").prefix(60)
        let indices = graph.nodes.indices.filter {
            Self.layers.contains(graph.nodes[$0].operator.name)
        }
        #expect(indices.count >= 3)
        for index in indices {
            let model = try LoadedModel(try promoted(graph, index))
            for (input, scores) in zip(inputs, expected) {
                let computed = try model.infer([input])[0]
                let apart = zip(computed, scores).map {
                    abs(Int(Int8(bitPattern: $0)) - Int(Int8(bitPattern: $1)))
                }
                #expect(apart.max() ?? 0 <= 3, "\(graph.nodes[index].operator.name)")
            }
        }
    }
}
