import ModelGraph
import ModelImport
import Testing

@Suite("A TFLite model's edges")
struct TFLiteEdgeTests {
    @Test("a uint8 model keeps uint8 ports with a requantization beside each")
    func uint8Model() throws {
        var model = TestModel()
        let x = model.activation([1, 4], type: TestModel.uint8, scale: 0.5, zeroPoint: 130)
        let weights = model.constant(
            [3, 4],
            [0, 128, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            type: TestModel.uint8,
            scale: 0.1,
            zeroPoint: 157
        )
        let y = model.activation([1, 3], type: TestModel.uint8, scale: 0.25, zeroPoint: 0)
        model.inputs = [x]
        model.outputs = [y]
        model.node(9, [x, weights, -1], [y], options: 8)

        let graph = try importModel(model.bytes, name: "m")
        _ = try QuantizedGraph(proving: graph)
        #expect(graph.nodes.map(\.operator) == [.requantize, .fullyConnected(.none), .requantize])
        #expect(
            graph.nodes.map(\.name) == [
                "FULLY_CONNECTED#0.int8", "FULLY_CONNECTED#0", "FULLY_CONNECTED#0.uint8",
            ]
        )
        #expect(graph.nodes[1].family == .uint8)
        for (port, zeroPoint) in [(graph.inputs[0], Int32(130)), (graph.outputs[0], 0)] {
            #expect(port.externalType == .uint8)
            #expect(graph[port.tensor].type == .uint8)
            #expect(graph[port.tensor].quantization?.zeroPoints == [zeroPoint])
        }
        let dot = graph.nodes[1]
        let input = try #require(dot.inputs[0])
        #expect(graph[input].quantization == Quantization(scale: 0.5, zeroPoint: 2))
        let moved = try #require(dot.inputs[1])
        #expect(graph[moved].constant?.prefix(4) == [0x80, 0x00, 0x7F, 0x81])
        #expect(graph[moved].quantization == Quantization(scale: 0.1, zeroPoint: 29))
        #expect(graph[dot.outputs[0]].quantization == Quantization(scale: 0.25, zeroPoint: -128))
    }

    @Test("QUANTIZE between uint8 ports and int8 is one requantization, not two")
    func quantizeAtUInt8Ports() throws {
        var model = TestModel()
        let x = model.activation([1, 4], type: TestModel.uint8, zeroPoint: 131)
        let a = model.activation([1, 4])
        let b = model.activation([1, 4])
        let y = model.activation([1, 4], type: TestModel.uint8, zeroPoint: 10)
        model.inputs = [x]
        model.outputs = [y]
        model.node(114, [x], [a])
        model.node(19, [a], [b])
        model.node(114, [b], [y])
        let graph = try importModel(model.bytes, name: "m")
        _ = try QuantizedGraph(proving: graph)
        #expect(graph.nodes.map(\.operator) == [.requantize, .unary(.relu), .requantize])
        #expect(graph.nodes[0].inputs == [graph.inputs[0].tensor])
        #expect(graph.nodes[2].outputs == [graph.outputs[0].tensor])
    }

    @Test("a uint8 output that a later operator reads has both forms")
    func uint8OutputThatIsRead() throws {
        var model = TestModel()
        let x = model.activation([4], type: TestModel.uint8, zeroPoint: 128)
        let a = model.activation([4], type: TestModel.uint8, zeroPoint: 128)
        let b = model.activation([4], type: TestModel.uint8, zeroPoint: 128)
        model.inputs = [x]
        model.outputs = [a, b]
        model.node(19, [x], [a])
        model.node(21, [a], [b])
        let graph = try importModel(model.bytes, name: "m")
        _ = try QuantizedGraph(proving: graph)
        let expected: [Operator] = [
            .requantize, .unary(.relu), .requantize, .unary(.relu6), .requantize,
        ]
        #expect(graph.nodes.map(\.operator) == expected)
    }

    @Test("float32 ports are dropped to the integer tensor behind them")
    func floatPorts() throws {
        var model = TestModel()
        let x = model.add(TestModel.Tensor(name: "x", shape: [1, 4], type: TestModel.float32))
        let a = model.activation([1, 4])
        let b = model.activation([1, 4], scale: 0.125, zeroPoint: -7)
        let y = model.add(TestModel.Tensor(name: "y", shape: [1, 4], type: TestModel.float32))
        model.inputs = [x]
        model.outputs = [y]
        model.node(114, [x], [a])
        model.node(19, [a], [b])
        model.node(6, [b], [y])
        let graph = try importModel(model.bytes, name: "m")
        _ = try QuantizedGraph(proving: graph)
        #expect(graph.nodes.map(\.operator) == [.unary(.relu)])
        #expect(graph.inputs.map(\.name) == ["x"])
        #expect(graph.inputs.map(\.externalType) == [.float32])
        #expect(graph.outputs.map(\.externalType) == [.float32])
        let quantization = Quantization(scale: 0.125, zeroPoint: -7)
        #expect(graph[graph.outputs[0].tensor].quantization == quantization)
        #expect(graph[graph.inputs[0].tensor].type == .int8)
    }

    @Test("an open batch dimension is 1; any other open dimension is refused")
    func dynamicShapes() throws {
        var model = TestModel.single(19, from: [1, 6], to: [1, 6])
        model.tensors[0].signature = [-1, 6]
        #expect(try importModel(model.bytes, name: "m").nodes.count == 1)
        model.tensors[0].signature = [1, -1]
        let features = try unsupported(model)
        #expect(features.map(\.kind).contains(.structure))
        #expect(features.contains { $0.help.contains("fixed input shape") })
    }

    @Test("constants that lie behind the FlatBuffer are read by offset and size")
    func largeBuffers() throws {
        var model = TestModel.single(0, from: [1, 2], to: [1, 2], options: 11) {
            [$0.constant([2], [7, 8])]
        }
        model.bufferTail = [7, 8]
        let graph = try importModel(model.bytes, name: "m")
        let constant = try #require(graph.nodes[0].inputs[1])
        #expect(graph[constant].constant == [7, 8])
        let cut = Array(model.bytes.dropLast())
        #expect(throws: ImportError.self) { try importModel(cut, name: "m") }
    }
}

/// The features of a model that must be unsupported.
func unsupported(_ bytes: [UInt8]) throws -> [UnsupportedFeature] {
    let error = try #require(throws: ImportError.self) { try importModel(bytes, name: "m") }
    guard case .unsupported(let features) = error else { throw error }
    return features
}

func unsupported(_ model: TestModel) throws -> [UnsupportedFeature] {
    try unsupported(model.bytes)
}
