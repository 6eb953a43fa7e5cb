import ModelGraph
import Testing

@testable import Quantizer

@Suite("Saturation in the reference interpreter")
struct SaturationTests {
    /// `x + x` with the same integers behind input and output.
    private func doubling(_ type: DataType, scale: Float, zeroPoint: Int32) -> Graph {
        let quantization = Quantization(scale: scale, zeroPoint: zeroPoint)
        var graph = Graph(name: "doubling")
        let x = graph.add(Tensor(name: "x", shape: [4], type: type, quantization: quantization))
        let y = graph.add(Tensor(name: "y", shape: [4], type: type, quantization: quantization))
        graph.nodes = [
            Node(name: "sum", operator: .binary(.add, .none), inputs: [x, x], outputs: [y])
        ]
        graph.inputs = [Port(name: "x", tensor: x, externalType: type)]
        graph.outputs = [Port(name: "y", tensor: y, externalType: type)]
        return graph
    }

    @Test("a rectifier that an exporter left to the stored type's lowest integer is computed")
    func foldedRectifier() throws {
        // int8 with zero point -128 stands for 0 to 127.5 in steps of 0.5.
        let interpreter = try ReferenceInterpreter(doubling(.int8, scale: 0.5, zeroPoint: -128))
        let input = try #require(FloatTensor(shape: [4], values: [-3, 0, 20, 100]))
        #expect(try interpreter.run([input])[0].values == [0, 0, 40, 127.5])
    }

    @Test(
        "activations saturate at the ends of their type",
        arguments: [
            (DataType.int8, -64, 63.5), (.uint8, 0, 127.5), (.int16, -16_384, 16_383.5),
        ] as [(DataType, Float, Float)]
    )
    func ends(type: DataType, low: Float, high: Float) throws {
        let interpreter = try ReferenceInterpreter(doubling(type, scale: 0.5, zeroPoint: 0))
        let input = try #require(FloatTensor(shape: [4], values: [-1e6, -0.5, 2, 1e6]))
        let middle = max(low, -1)
        #expect(try interpreter.run([input])[0].values == [low, middle, 4, high])
    }

    @Test("float activations do not saturate")
    func floats() throws {
        var graph = doubling(.float32, scale: 1, zeroPoint: 0)
        for index in graph.tensors.indices { graph.tensors[index].quantization = nil }
        let input = try #require(FloatTensor(shape: [4], values: [-1e6, 0, 2, 1e6]))
        #expect(try ReferenceInterpreter(graph).run([input])[0].values == [-2e6, 0, 4, 2e6])
    }
}
