import ModelGraph
import Testing

/// A graph of one node between int8 tensors of the given shapes; indices are int32.
func graph(
    _ operation: Operator,
    _ inputs: [[Int]],
    to output: [Int],
    type: DataType = .int8
) -> Graph {
    var graph = Graph(name: "g")
    let quantization = Quantization(scale: 0.5, zeroPoint: 3)
    let ids = inputs.enumerated().map { index, shape in
        graph.add(Tensor(name: "x\(index)", shape: shape, type: .int8, quantization: quantization))
    }
    if case .gather = operation, ids.count > 1 { graph[ids[1]].type = .int32 }
    let y = graph.add(Tensor(name: "y", shape: output, type: type, quantization: quantization))
    for id in ids.dropFirst() {
        let size = graph[id].sizeBytes
        graph[id].constant = [UInt8](repeating: 1, count: size)
    }
    graph.nodes = [Node(name: "n", operator: operation, inputs: ids, outputs: [y])]
    if let x = ids.first { graph.inputs = [Port(name: "x", tensor: x, externalType: .int8)] }
    graph.outputs = [Port(name: "y", tensor: y, externalType: type)]
    return graph
}

@Suite("Graph.validate")
struct GraphValidationTests {
    private var valid: Graph { graph(.reshape, [[2, 3]], to: [6]) }

    @Test("a well-formed graph is valid and quantized")
    func accepts() throws {
        try valid.validate()
        #expect(try QuantizedGraph(proving: valid).graph.nodes.count == 1)
    }

    @Test("a node or port may name existing tensors only", arguments: [-1, 2, .max])
    func tensorOutOfRange(index: Int) {
        var broken = valid
        broken.nodes[0].inputs = [TensorID(index)]
        #expect(throws: GraphError.tensorOutOfRange(place: "node 'n'", index: index, count: 2)) {
            try broken.validate()
        }
        broken = valid
        broken.outputs[0].tensor = TensorID(index)
        #expect(throws: GraphError.tensorOutOfRange(place: "output 'y'", index: index, count: 2)) {
            try broken.validate()
        }
    }

    @Test("a tensor is computed before it is read")
    func usedBeforeProduced() {
        var broken = valid
        broken.inputs[0].tensor = broken.add(Tensor(name: "z", shape: [1], type: .int8))
        #expect(throws: GraphError.tensorUsedBeforeProduced(node: "n", tensor: "x0")) {
            try broken.validate()
        }
        broken = valid
        broken.nodes = []
        #expect(throws: GraphError.tensorUsedBeforeProduced(node: "output", tensor: "y")) {
            try broken.validate()
        }
    }

    @Test("a tensor is written once; inputs and constants never")
    func writtenTwice() {
        var broken = valid
        broken.nodes.append(broken.nodes[0])
        #expect(throws: GraphError.tensorWrittenTwice(node: "n", tensor: "y")) {
            try broken.validate()
        }
        broken = valid
        broken.inputs.append(broken.inputs[0])
        #expect(throws: GraphError.tensorWrittenTwice(node: "input", tensor: "x0")) {
            try broken.validate()
        }
        broken = valid
        broken.tensors[1].constant = [UInt8](repeating: 0, count: 6)
        #expect(throws: GraphError.tensorWrittenTwice(node: "n", tensor: "y")) {
            try broken.validate()
        }
    }

    @Test(
        "shapes are within the limits",
        arguments: [[0], [-1, 2], [1 << 15, 1 << 15], [.max, .max], [1, 1, 1, 1, 1, 1, 1]]
    )
    func shapeOutOfRange(shape: [Int]) {
        var broken = valid
        broken.tensors[0].shape = shape
        #expect(throws: GraphError.shapeOutOfRange(tensor: "x0", shape: shape)) {
            try broken.validate()
        }
    }

    @Test("a constant has the bytes of its shape and type")
    func constantSize() {
        var broken = valid
        _ = broken.add(Tensor(name: "c", shape: [3], type: .int32, constant: [1, 2, 3]))
        let expected = GraphError.constantSizeMismatch(
            tensor: "c",
            sizeBytes: 3,
            expectedBytes: 12
        )
        #expect(throws: expected) { try broken.validate() }
    }

    @Test(
        "quantization is usable",
        arguments: [
            Quantization(scale: 0, zeroPoint: 0), Quantization(scale: -1, zeroPoint: 0),
            Quantization(scale: .infinity, zeroPoint: 0), Quantization(scale: .nan, zeroPoint: 0),
            Quantization(scales: [], zeroPoints: []), Quantization(scales: [1], zeroPoints: []),
            Quantization(scales: [1, 1], zeroPoints: [0, 0], axis: 1),
            Quantization(scales: [1, 1], zeroPoints: [0, 0], axis: 2),
            Quantization(scales: [1, 1], zeroPoints: [0, 4], axis: 0),
        ]
    )
    func quantizationOutOfRange(quantization: Quantization) {
        var broken = valid
        broken.tensors[0].quantization = quantization
        #expect(throws: GraphError.quantizationOutOfRange(tensor: "x0")) {
            try broken.validate()
        }
    }

    @Test("a graph has inputs and outputs, and not too many")
    func graphSize() {
        var broken = valid
        broken.inputs = []
        #expect(throws: GraphError.graphSizeOutOfRange(nodes: 1, tensors: 2, inputs: 0, outputs: 1))
        {
            try broken.validate()
        }
        broken = valid
        broken.outputs = [Port](repeating: broken.outputs[0], count: 65)
        #expect(
            throws: GraphError.graphSizeOutOfRange(nodes: 1, tensors: 2, inputs: 1, outputs: 65)
        ) { try broken.validate() }
    }
}

@Suite("QuantizedGraph")
struct QuantizedGraphTests {
    private var dot: Graph {
        var dot = graph(.fullyConnected(.none), [[1, 4], [2, 4]], to: [1, 2])
        let bias = Tensor(
            name: "b",
            shape: [2],
            type: .int32,
            constant: [UInt8](repeating: 0, count: 8)
        )
        dot.nodes[0].inputs.append(dot.add(bias))
        return dot
    }

    @Test("a dot product with constant weights and bias is quantized")
    func accepts() throws {
        _ = try QuantizedGraph(proving: dot)
    }

    @Test("a node has the operands of its operator", arguments: [0, 1, 4])
    func operandCount(count: Int) {
        var broken = dot
        let operands = broken.nodes[0].inputs + [TensorID(0)]
        broken.nodes[0].inputs = Array(operands.prefix(count))
        let expected = GraphError.operandCountMismatch(node: "n", inputs: count, outputs: 1)
        #expect(throws: expected) { try QuantizedGraph(proving: broken) }
        broken = dot
        broken.nodes[0].inputs[1] = nil
        #expect(throws: GraphError.operandCountMismatch(node: "n", inputs: 3, outputs: 1)) {
            try QuantizedGraph(proving: broken)
        }
    }

    @Test("activations are int8", arguments: [DataType.float32, .int16, .uint8, .int32])
    func activationType(type: DataType) {
        var broken = dot
        broken.tensors[0].type = type
        #expect(throws: GraphError.notQuantized(node: "n", tensor: "x0", type: type)) {
            try QuantizedGraph(proving: broken)
        }
    }

    @Test("float operators are not quantized", arguments: [Operator.quantize, .dequantize])
    func floatOperators(operation: Operator) {
        let broken = graph(operation, [[4]], to: [4], type: .float32)
        #expect(throws: GraphError.notQuantized(node: "n", tensor: "y", type: .float32)) {
            try QuantizedGraph(proving: broken)
        }
    }

    @Test("weights and bias are constants, activations have one scale")
    func quantizationMismatch() {
        let breakages: [(inout Graph) -> Void] = [
            { $0.tensors[0].quantization = nil },
            { $0.tensors[1].quantization = nil },
            {
                $0.tensors[0].quantization = Quantization(
                    scales: [1, 1, 1, 1],
                    zeroPoints: [0, 0, 0, 0],
                    axis: 1
                )
            },
            {
                $0.tensors[1].constant = nil;
                $0.inputs.append(Port(name: "w", tensor: TensorID(1), externalType: .int8))
            },
            {
                $0.tensors[3].constant = nil;
                $0.inputs.append(Port(name: "b", tensor: TensorID(3), externalType: .int32))
            },
        ]
        for breakage in breakages {
            var broken = dot
            breakage(&broken)
            let error = #expect(throws: GraphError.self) { try QuantizedGraph(proving: broken) }
            guard case .quantizationMismatch("n", _) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test("argMax writes indices")
    func argMax() throws {
        var indices = graph(.argMax(axis: 1), [[1, 4]], to: [1], type: .int32)
        indices.tensors[1].quantization = nil
        _ = try QuantizedGraph(proving: indices)
        #expect(throws: GraphError.notQuantized(node: "n", tensor: "y", type: .int8)) {
            try QuantizedGraph(proving: graph(.argMax(axis: 1), [[1, 4]], to: [1]))
        }
    }
}
