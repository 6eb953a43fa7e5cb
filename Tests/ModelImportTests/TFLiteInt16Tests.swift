import ModelGraph
import ModelImport
import Testing

@Suite("TFLite models of int16")
struct TFLiteInt16Tests {
    /// A dense product of 2 int16 inputs; `bias` is the bias tensor's type and bytes.
    private func product(
        bias: (type: UInt8, content: [UInt8]) = (TestModel.int64, [UInt8](repeating: 9, count: 24)),
        input: UInt8 = TestModel.int16,
        weights: UInt8 = TestModel.int8,
        zeroPoint: Int64 = 0
    ) -> TestModel {
        var model = TestModel()
        let x = model.activation([1, 2], type: input, zeroPoint: zeroPoint)
        let size = weights == TestModel.int16 ? 2 : 1
        let content = [UInt8](repeating: 1, count: 6 * size)
        let w = model.constant([3, 2], content, type: weights, zeroPoint: 0)
        let b = model.add(TestModel.Tensor(shape: [3], type: bias.type, content: bias.content))
        let y = model.activation([1, 3], type: input, zeroPoint: zeroPoint)
        model.node(9, [x, w, b], [y], options: 8)
        model.inputs = [x]
        model.outputs = [y]
        return model
    }

    @Test("activations are int16, weights int8, the bias keeps its width")
    func types() throws {
        let bytes = [UInt8](repeating: 9, count: 12)
        for (model, type) in [
            (product(), DataType.int64), (product(bias: (TestModel.int32, bytes)), .int32),
        ] {
            let graph = try importModel(model.bytes, name: "m")
            let node = try #require(graph.nodes.first)
            let inputs = node.inputs.compactMap { $0.map { graph[$0] } }
            #expect(inputs.map(\.type) == [.int16, .int8, type])
            #expect(inputs[2].constant == model.tensors[2].content)
            #expect(graph[node.outputs[0]].type == .int16)
            #expect(graph.inputs[0].externalType == .int16)
            #expect(throws: Never.self) { try QuantizedGraph(proving: graph) }
        }
    }

    @Test("a zero point of int16, int16 weights and an int64 bias beside int8 are refused")
    func refusals() throws {
        #expect(try unsupported(product(zeroPoint: 1)).map(\.kind).contains(.inconsistency))
        #expect(try unsupported(product(weights: TestModel.int16)).map(\.kind) == [.type])
        #expect(try unsupported(product(input: TestModel.int8)).map(\.kind) == [.type])
    }

    @Test("a bias that is cut short is refused")
    func shortBias() throws {
        let model = product(bias: (TestModel.int64, [UInt8](repeating: 0, count: 12)))
        #expect(try unsupported(model).map(\.kind) == [.option])
    }

    @Test("int8 and int16 activations in one operator are refused, whichever comes first")
    func mixture() throws {
        for types in [(TestModel.int8, TestModel.int16), (TestModel.int16, TestModel.int8)] {
            var model = TestModel()
            let a = model.activation([4], type: types.0, zeroPoint: 0)
            let b = model.activation([4], type: types.1, zeroPoint: 0)
            let y = model.activation([4], type: TestModel.int16, zeroPoint: 0)
            model.node(0, [a, b], [y], options: 11)
            model.inputs = [a, b]
            model.outputs = [y]
            let features = try unsupported(model)
            #expect(features.map(\.kind) == [.type])
            #expect(features[0].help.contains("QUANTIZE"))
        }
    }
}
