import ModelGraph
import ModelImport
import Testing

@Suite("TFLite layers of long short-term memory")
struct TFLiteMemoryTests {
    /// A layer of 2 units over 3 steps of 4 values; its variables are tensors `kept`.
    private struct Layer {
        var model = TestModel()
        var operands: [Int32] = []
        var kept: [Int32] = []

        init() {
            let x = model.activation([1, 3, 4])
            let y = model.activation([1, 3, 2], scale: 0.25, zeroPoint: -5)
            operands = [x]
            for columns in [4, 4, 4, 4, 2, 2, 2, 2] {
                let content = [UInt8](repeating: 1, count: 2 * columns)
                operands.append(model.constant([2, columns], content, scale: 0.1, zeroPoint: 0))
            }
            operands += [-1, -1, -1]
            for _ in 0..<4 { operands.append(model.integers([7, -7])) }
            kept = [
                model.variable([1, 2], TestModel.int8, scale: 0.25, zeroPoint: -5),
                model.variable([1, 2], TestModel.int16, scale: 0x1p-11, zeroPoint: 0),
            ]
            operands += [-1, -1] + kept + [-1, -1, -1, -1]
            model.node(44, operands, [y], options: 71, [0: .uint8(4)])
            model.nodes[0].intermediates = (0..<5).map { _ in
                model.activation([1], scale: 0.25, zeroPoint: -5)
            }
            model.inputs = [x]
            model.outputs = [y]
        }
    }

    @Test("a layer becomes one node, its variables two states that start at zero")
    func imports() throws {
        let graph = try importModel(Layer().model.bytes, name: "m")
        #expect(graph.nodes.map(\.operator) == [.longShortTermMemory(LongShortTermMemory())])
        let node = graph.nodes[0]
        #expect(graph.states.map { graph[$0.tensor].type } == [.int8, .int16])
        #expect(graph.states.map(\.initial) == [[251, 251], [0, 0, 0, 0]])
        #expect(graph.states.map(\.tensor) == node.inputs.suffix(2).compactMap { $0 })
        #expect(graph.states.map(\.next) == Array(node.outputs.suffix(2)))
        #expect(throws: Never.self) { try QuantizedGraph(proving: graph) }
    }

    @Test("time first and the bound of the cell are kept")
    func options() throws {
        var layer = Layer()
        layer.model.nodes[0].options = FlatRecord([
            0: .uint8(4), 1: .int32(Int32(bitPattern: Float(1.5).bitPattern)), 3: .uint8(1),
        ])
        layer.model.tensors[0].shape = [3, 1, 4]
        layer.model.tensors[1].shape = [3, 1, 2]
        let graph = try importModel(layer.model.bytes, name: "m")
        let memory = LongShortTermMemory(cellClip: 1.5, isTimeMajor: true)
        #expect(graph.nodes.map(\.operator) == [.longShortTermMemory(memory)])
    }

    @Test(
        "a variant of the layer is refused with its reason",
        arguments: [
            (1, false, "couples"), (9, true, "peepholes"), (11, true, "peepholes"),
            (16, true, "projects"), (17, true, "projects"), (20, true, "normalizes"),
            (23, true, "normalizes"),
        ]
    )
    func variants(operand: Int, isPresent: Bool, reason: String) throws {
        var layer = Layer()
        layer.model.nodes[0].inputs[operand] =
            isPresent ? layer.model.constant([2], [1, 1], zeroPoint: 0) : -1
        let features = try unsupported(layer.model)
        #expect(features.map(\.kind) == [.option])
        #expect(features[0].reason.contains(reason))
    }

    @Test(
        "another activation than the hyperbolic tangent is refused",
        arguments: [0, 1, 3] as [UInt8]
    )
    func activation(code: UInt8) throws {
        var layer = Layer()
        layer.model.nodes[0].options = FlatRecord([0: .uint8(code)])
        let features = try unsupported(layer.model)
        #expect(features.map(\.reason) == ["the activation is not TANH"])
    }

    @Test("hidden values in another scale than the output's are refused")
    func scales() throws {
        var layer = Layer()
        layer.model.tensors[Int(layer.kept[0])].scales = [0.5]
        #expect(try unsupported(layer.model).map(\.kind) == [.option])
        layer = Layer()
        layer.model.tensors[Int(layer.model.nodes[0].intermediates[4])].zeroPoints = [0]
        #expect(try unsupported(layer.model).map(\.kind) == [.option])
        layer = Layer()
        layer.model.nodes[0].intermediates = []
        #expect(try unsupported(layer.model).map(\.kind) == [.inconsistency])
    }

    @Test("operands that are not variables, or shapes that do not follow, are refused")
    func damaged() throws {
        var layer = Layer()
        layer.model.tensors[Int(layer.kept[0])].extra = [:]
        #expect(try unsupported(layer.model).map(\.kind) == [.inconsistency])
        layer = Layer()
        layer.model.nodes[0].inputs[19] = layer.kept[0]
        #expect(try unsupported(layer.model).map(\.kind) == [.inconsistency])
        layer = Layer()
        layer.model.tensors[Int(layer.kept[1])].shape = [1, 3]
        #expect(try unsupported(layer.model).map(\.kind) == [.inconsistency])
        layer = Layer()
        layer.model.nodes[0].inputs[13] = -1
        #expect(try unsupported(layer.model).map(\.kind) == [.inconsistency])
    }
}

extension TestModel {
    /// A tensor that keeps a value between calls.
    mutating func variable(
        _ shape: [Int],
        _ type: UInt8,
        scale: Float,
        zeroPoint: Int64
    ) -> Int32 {
        add(
            Tensor(
                shape: shape,
                type: type,
                scales: [scale],
                zeroPoints: [zeroPoint],
                extra: [5: .uint8(1)]
            )
        )
    }
}
