import ModelGraph
import Testing

@Suite("Quantized graphs with int16 activations")
struct Int16GraphTests {
    private static let symmetric = Quantization(scale: 0.001, zeroPoint: 0)

    /// A graph of one node from and to int16.
    private func wide(_ operation: Operator, _ inputs: [[Int]], to output: [Int]) -> Graph {
        var wide = graph(operation, inputs, to: output, type: .int16)
        for id in [TensorID(0), TensorID(wide.tensors.count - 1)] {
            wide[id].type = .int16
            wide[id].quantization = Self.symmetric
        }
        return wide
    }

    /// A dense product of int16 and int8 with a bias of a type.
    private func product(bias: DataType) -> Graph {
        var product = wide(.fullyConnected(.none), [[1, 4], [2, 4], [2]], to: [1, 2])
        product[TensorID(1)].quantization = Self.symmetric
        product[TensorID(2)].type = bias
        product[TensorID(2)].quantization = nil
        product[TensorID(2)].constant = [UInt8](repeating: 0, count: 2 * bias.sizeBytes)
        return product
    }

    private func fault(_ graph: Graph) -> GraphError? {
        do throws(GraphError) {
            _ = try QuantizedGraph(proving: graph)
            return nil
        } catch {
            return error
        }
    }

    @Test("a node computes on int16 with zero point 0")
    func accepts() {
        #expect(fault(wide(.unary(.relu), [[3]], to: [3])) == nil)
        #expect(fault(wide(.softmax(beta: 1), [[2, 3]], to: [2, 3])) == nil)
    }

    @Test("another zero point of int16 is refused, on either side", arguments: [0, 1])
    func zeroPoint(index: Int) {
        var broken = wide(.unary(.relu), [[3]], to: [3])
        broken[TensorID(index)].quantization = Quantization(scale: 0.001, zeroPoint: 1)
        let name = broken[TensorID(index)].name
        let detail = "int16 tensor '\(name)' needs the zero point 0"
        #expect(fault(broken) == .quantizationMismatch(node: "n", detail: detail))
    }

    @Test("int8 and int16 meet in a requantization only")
    func mixture() {
        var mixed = wide(.unary(.relu), [[3]], to: [3])
        mixed[TensorID(0)].type = .int8
        #expect(fault(mixed) == .notQuantized(node: "n", tensor: "x0", type: .int8))
        mixed.nodes[0].operator = .requantize
        #expect(fault(mixed) == nil)
        mixed = wide(.unary(.relu), [[3]], to: [3])
        mixed[TensorID(1)].type = .int8
        #expect(fault(mixed) == .notQuantized(node: "n", tensor: "x0", type: .int16))
    }

    @Test("weights beside int16 are int8, biases int32 or int64")
    func products() {
        #expect(fault(product(bias: .int64)) == nil)
        #expect(fault(product(bias: .int32)) == nil)
        #expect(
            fault(product(bias: .int16)) == .notQuantized(node: "n", tensor: "x2", type: .int16)
        )
        var broken = product(bias: .int64)
        broken[TensorID(1)].type = .int16
        broken[TensorID(1)].constant = [UInt8](repeating: 0, count: 16)
        #expect(fault(broken) == .notQuantized(node: "n", tensor: "x1", type: .int16))
    }

    @Test("a bias beside int8 is int32")
    func narrowBias() {
        var broken = product(bias: .int64)
        for id in [TensorID(0), TensorID(3)] { broken[id].type = .int8 }
        #expect(fault(broken) == .notQuantized(node: "n", tensor: "x2", type: .int64))
    }
}
