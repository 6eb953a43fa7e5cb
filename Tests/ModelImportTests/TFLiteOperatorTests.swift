import ModelGraph
import ModelImport
import Testing

@Suite("TFLite operators")
struct TFLiteOperatorTests {
    private func onlyNode(_ model: TestModel) throws -> Node {
        let graph = try importModel(model.bytes, name: "m")
        _ = try QuantizedGraph(proving: graph)
        #expect(graph.nodes.count == 1)
        return try #require(graph.nodes.first)
    }

    @Test("SAME padding becomes explicit, the odd element after the image")
    func convolutionSame() throws {
        // Height: ceil(7 / 2) = 4 windows span 3 * 2 + 3 = 9, so 2 rows: 1 + 1. Width: ceil(6 / 2)
        // = 3 windows span 2 * 2 + 3 = 7, so 1 column, after the image.
        let model = TestModel.single(
            3,
            from: [1, 7, 6, 2],
            to: [1, 4, 3, 5],
            options: 1,
            [0: .uint8(0), 1: .int32(2), 2: .int32(2), 3: .uint8(3)]
        ) { [$0.weights([5, 3, 3, 2], axis: 0), $0.integers([1, 2, 3, 4, 5])] }
        let window = Window2D(
            strideHeight: 2,
            strideWidth: 2,
            padding: Padding2D(top: 1, left: 0, bottom: 1, right: 1)
        )
        let node = try onlyNode(model)
        #expect(node.operator == .convolution2D(window, .relu6))
        #expect(node.inputs.count == 3)
        #expect(node.name == "CONV_2D#0")
        #expect(node.family == .int8)
    }

    @Test("VALID padding, dilation and different strides are kept apart")
    func convolutionValid() throws {
        let model = TestModel.single(
            3,
            from: [1, 9, 8, 2],
            to: [1, 5, 2, 5],
            options: 1,
            [
                0: .uint8(1), 1: .int32(3), 2: .int32(1), 3: .uint8(1), 4: .int32(1),
                5: .int32(2),
            ]
        ) { [$0.weights([5, 3, 3, 2], axis: 0), -1] }
        let window = Window2D(
            strideHeight: 1,
            strideWidth: 3,
            dilationHeight: 2,
            dilationWidth: 1
        )
        let node = try onlyNode(model)
        #expect(node.operator == .convolution2D(window, .relu))
        #expect(node.inputs[2] == nil)
    }

    @Test(
        "the depth multiplier follows from the shapes when the option leaves it 0",
        arguments: [0, 3]
    )
    func depthwise(stated: Int32) throws {
        let model = TestModel.single(
            4,
            from: [1, 4, 4, 2],
            to: [1, 4, 4, 6],
            options: 2,
            [0: .uint8(0), 1: .int32(1), 2: .int32(1), 3: .int32(stated)]
        ) { [$0.weights([1, 1, 3, 6], axis: 3), $0.integers([1, 2, 3, 4, 5, 6])] }
        let window = Window2D(padding: Padding2D(left: 1, right: 1))
        #expect(
            try onlyNode(model).operator
                == .depthwiseConvolution2D(window, depthMultiplier: 3, .none)
        )
    }

    @Test("fully connected keeps leading dimensions when its output has them")
    func fullyConnected() throws {
        for output in [[6, 4], [2, 3, 4]] {
            let model = TestModel.single(
                9,
                from: [2, 3, 5],
                to: output,
                options: 8,
                [2: .uint8(1)]
            ) { [$0.weights([4, 5], axis: 0), $0.integers([1, 2, 3, 4])] }
            #expect(try onlyNode(model).operator == .fullyConnected(.none))
        }
    }

    @Test("a bias whose scales run along a dimension that it does not have imports")
    func biasWithStrangeAxis() throws {
        var model = TestModel.single(
            4,
            from: [1, 4, 4, 2],
            to: [1, 4, 4, 2],
            options: 2,
            [0: .uint8(0), 1: .int32(1), 2: .int32(1)]
        ) { [$0.weights([1, 3, 3, 2], axis: 3), $0.integers([1, 2])] }
        model.tensors[2].scales = [0.1, 0.2]
        model.tensors[2].zeroPoints = [0, 0]
        model.tensors[2].axis = 3
        let graph = try importModel(model.bytes, name: "m")
        let bias = try #require(graph.nodes[0].inputs[2])
        #expect(graph[bias].quantization == nil)
        #expect(graph[bias].constant == [1, 0, 0, 0, 2, 0, 0, 0])
    }

    @Test("pooling windows", arguments: [Int32(1), 17])
    func pool(code: Int32) throws {
        let model = TestModel.single(
            code,
            from: [1, 5, 5, 2],
            to: [1, 3, 2, 2],
            options: 5,
            [0: .uint8(0), 1: .int32(3), 2: .int32(2), 3: .int32(2), 4: .int32(3), 5: .uint8(2)]
        )
        let window = Window2D(
            strideHeight: 2,
            strideWidth: 3,
            padding: Padding2D(top: 1, left: 0, bottom: 1, right: 0)
        )
        let expected: Operator =
            code == 1
            ? .averagePool2D(height: 3, width: 2, window, .reluN1To1)
            : .maxPool2D(height: 3, width: 2, window, .reluN1To1)
        #expect(try onlyNode(model).operator == expected)
    }

    @Test(
        "elementwise operators of two inputs broadcast, and constants stay constants",
        arguments: [
            (Int32(0), UInt8(11), BinaryOperator.add), (41, 28, .subtract), (18, 21, .multiply),
            (55, 39, .maximum), (57, 39, .minimum),
        ]
    )
    func binary(code: Int32, options: UInt8, expected: BinaryOperator) throws {
        let model = TestModel.single(code, from: [1, 2, 3], to: [1, 2, 3], options: options) {
            [$0.constant([3], [1, 2, 253])]
        }
        let graph = try importModel(model.bytes, name: "m")
        #expect(graph.nodes[0].operator == .binary(expected, .none))
        let constant = try #require(graph.nodes[0].inputs[1])
        #expect(graph[constant].constant == [1, 2, 253])
        #expect(graph[constant].quantization == Quantization(scale: 0.5, zeroPoint: 3))
    }

    @Test(
        "elementwise operators of one input",
        arguments: [
            (Int32(19), UnaryOperator.relu), (20, .reluN1To1), (21, .relu6), (14, .logistic),
            (28, .tanh), (117, .hardSwish),
        ]
    )
    func unary(code: Int32, expected: UnaryOperator) throws {
        let model = TestModel.single(code, from: [1, 6], to: [1, 6])
        #expect(try onlyNode(model).operator == .unary(expected))
    }

    @Test("LEAKY_RELU carries its slope")
    func leakyRelu() throws {
        let model = TestModel.single(98, from: [6], to: [6], options: 75, [0: .float(0.25)])
        #expect(try onlyNode(model).operator == .unary(.leakyRelu(alpha: 0.25)))
    }

    @Test("MEAN sorts its axes and counts them from the front")
    func mean() throws {
        let keeping = TestModel.single(
            40,
            from: [1, 4, 5, 6],
            to: [1, 1, 1, 6],
            options: 27,
            [0: .uint8(1)]
        ) { [$0.integers([-2, 1, 2])] }
        let kept = Operator.reduce(.mean, axes: [1, 2], keepsDimensions: true)
        #expect(try onlyNode(keeping).operator == kept)
        let dropping = TestModel.single(40, from: [1, 4, 5], to: [1, 4], options: 27) {
            [$0.integers([-1], shape: [])]
        }
        let dropped = Operator.reduce(.mean, axes: [2], keepsDimensions: false)
        #expect(try onlyNode(dropping).operator == dropped)
    }

    @Test("SOFTMAX carries beta and wants the reference's output scale")
    func softmax() throws {
        var model = TestModel.single(25, from: [1, 6], to: [1, 6], options: 9, [0: .float(1)])
        #expect(throws: ImportError.self) { try importModel(model.bytes, name: "m") }
        model.tensors[1].scales = [1 / 256]
        model.tensors[1].zeroPoints = [-128]
        #expect(try onlyNode(model).operator == .softmax(beta: 1))
    }

    @Test("ARG_MAX writes indices of the type the model asks for", arguments: [2, 4] as [UInt8])
    func argMax(type: UInt8) throws {
        var model = TestModel.single(56, from: [1, 6], to: [1], options: 40) {
            [$0.integers([-1], shape: [])]
        }
        model.tensors[2] = TestModel.Tensor(name: "i", shape: [1], type: type)
        let graph = try importModel(model.bytes, name: "m")
        #expect(graph.nodes[0].operator == .argMax(axis: 1))
        #expect(graph.outputs[0].externalType == (type == 2 ? .int32 : .int64))
    }

    @Test("RESIZE operators read their size and flags", arguments: [Int32(23), 97])
    func resize(code: Int32) throws {
        let field = code == 23 ? 3 : 1
        let model = TestModel.single(
            code,
            from: [1, 2, 3, 4],
            to: [1, 5, 7, 4],
            options: code == 23 ? 15 : 74,
            [field: .uint8(1)]
        ) { [$0.integers([5, 7])] }
        let mapping = ResizeMapping(alignCorners: false, halfPixelCenters: true)
        let expected: Operator = code == 23 ? .resizeBilinear(mapping) : .resizeNearest(mapping)
        #expect(try onlyNode(model).operator == expected)
    }
}
