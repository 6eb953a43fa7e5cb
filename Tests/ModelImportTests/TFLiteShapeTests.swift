import ModelGraph
import ModelImport
import Testing

@Suite("TFLite shape operators")
struct TFLiteShapeTests {
    private func nodes(_ model: TestModel) throws -> (graph: Graph, nodes: [Node]) {
        let graph = try importModel(model.bytes, name: "m")
        _ = try QuantizedGraph(proving: graph)
        return (graph, graph.nodes)
    }

    @Test("RESHAPE, SQUEEZE and EXPAND_DIMS are one operator", arguments: [Int32(22), 43, 70])
    func reshape(code: Int32) throws {
        let model = TestModel.single(code, from: [1, 6], to: [1, 2, 1, 3]) { [$0.integers([0])] }
        #expect(try nodes(model).nodes.map(\.operator) == [.reshape])
    }

    @Test("TRANSPOSE")
    func transpose() throws {
        let model = TestModel.single(39, from: [1, 2, 3], to: [3, 1, 2], options: 26) {
            [$0.integers([2, 0, 1])]
        }
        #expect(try nodes(model).nodes[0].operator == .transpose(permutation: [2, 0, 1]))
    }

    @Test("PAD fills with the zero point, PADV2 with its stored value")
    func pad() throws {
        let plain = TestModel.single(34, from: [1, 2], to: [3, 5], options: 22) {
            [$0.integers([0, 2, 1, 2], shape: [2, 2])]
        }
        let expected = Operator.pad(before: [0, 1], after: [2, 2], fill: nil)
        #expect(try nodes(plain).nodes[0].operator == expected)
        let filled = TestModel.single(60, from: [1, 2], to: [3, 5], options: 43) {
            [$0.integers([0, 2, 1, 2], shape: [2, 2]), $0.constant([1], [0xFE])]
        }
        let withFill = Operator.pad(before: [0, 1], after: [2, 2], fill: -2)
        #expect(try nodes(filled).nodes[0].operator == withFill)
    }

    @Test("CONCATENATION counts its axis from either end", arguments: [2, -1] as [Int32])
    func concatenation(axis: Int32) throws {
        let model = TestModel.single(
            2,
            from: [1, 2, 3],
            to: [1, 2, 5],
            options: 10,
            [0: .int32(axis)]
        ) { [$0.constant([1, 2, 2], [1, 2, 3, 4])] }
        #expect(try nodes(model).nodes[0].operator == .concatenation(axis: 2))
    }

    @Test("PACK reshapes activations and rewrites the shape of constants")
    func pack() throws {
        let model = TestModel.single(
            83,
            from: [2, 3],
            to: [2, 2, 3],
            options: 59,
            [0: .int32(2), 1: .int32(1)]
        ) { [$0.constant([2, 3], [1, 2, 3, 4, 5, 6])] }
        let (graph, nodes) = try nodes(model)
        #expect(nodes.map(\.operator) == [.reshape, .concatenation(axis: 1)])
        let parts = nodes[1].inputs.compactMap { $0 }.map { graph[$0] }
        #expect(parts.map(\.shape) == [[2, 1, 3], [2, 1, 3]])
        #expect(parts[1].constant == [1, 2, 3, 4, 5, 6])
    }

    @Test("UNPACK becomes one slice an output, which drops the dimension")
    func unpack() throws {
        var model = TestModel.single(
            88,
            from: [2, 3],
            to: [3],
            options: 64,
            [0: .int32(2), 1: .int32(0)]
        )
        let second = model.activation([3])
        model.nodes[0].outputs.append(second)
        model.outputs.append(second)
        #expect(
            try nodes(model).nodes.map(\.operator) == [
                .slice(begin: [0, 0], strides: [1, 1], sizes: [1, 3]),
                .slice(begin: [1, 0], strides: [1, 1], sizes: [1, 3]),
            ]
        )
    }

    @Test("SPLIT and SPLIT_V cut where their outputs' shapes say")
    func split() throws {
        for code: Int32 in [49, 102] {
            var model = TestModel()
            let x = model.activation([1, 5])
            let axis = model.integers([-1], shape: [])
            let sizes = model.integers([2, 3])
            let parts = [model.activation([1, 2]), model.activation([1, 3])]
            model.inputs = [x]
            model.outputs = parts
            model.node(
                code,
                code == 49 ? [axis, x] : [x, sizes, axis],
                parts,
                options: code == 49 ? 35 : 79
            )
            #expect(
                try nodes(model).nodes.map(\.operator) == [
                    .slice(begin: [0, 0], strides: [1, 1], sizes: [1, 2]),
                    .slice(begin: [0, 2], strides: [1, 1], sizes: [1, 3]),
                ]
            )
        }
    }

    @Test("SLICE takes the rest where its size is -1")
    func slice() throws {
        let model = TestModel.single(65, from: [4, 6], to: [2, 5], options: 48) {
            [$0.integers([1, 1]), $0.integers([2, -1])]
        }
        let expected = Operator.slice(begin: [1, 1], strides: [1, 1], sizes: [2, 5])
        #expect(try nodes(model).nodes[0].operator == expected)
    }

    /// A slice of an array of shape [4, 5, 6] and what numpy 2.4.6 takes: the first index, the
    /// step and the count in each dimension, and the shape of the result.
    struct Slice: Sendable, CustomTestStringConvertible {
        let text: String
        let begin: [Int32], end: [Int32], strides: [Int32]
        var masks: [Int: Int32] = [:]
        let first: [Int], steps: [Int], sizes: [Int], shape: [Int]
        var testDescription: String { text }
    }

    static let slices = [
        Slice(
            text: "x[1:3, ::2, 5:0:-2]",
            begin: [1, 0, 5],
            end: [3, 0, 0],
            strides: [1, 2, -2],
            masks: [0: 2, 1: 2],
            first: [1, 0, 5],
            steps: [1, 2, -2],
            sizes: [2, 3, 3],
            shape: [2, 3, 3]
        ),
        Slice(
            text: "x[-1, 1:-1]",
            begin: [-1, 1],
            end: [0, -1],
            strides: [1, 1],
            masks: [4: 1],
            first: [3, 1, 0],
            steps: [1, 1, 1],
            sizes: [1, 3, 6],
            shape: [3, 6]
        ),
        Slice(
            text: "x[..., 2]",
            begin: [0, 2],
            end: [0, 3],
            strides: [1, 1],
            masks: [2: 1, 4: 2],
            first: [0, 0, 2],
            steps: [1, 1, 1],
            sizes: [4, 5, 1],
            shape: [4, 5]
        ),
        Slice(
            text: "x[:, newaxis, ::-1]",
            begin: [0, 0, 0],
            end: [0, 0, 0],
            strides: [1, 1, -1],
            masks: [0: 5, 1: 5, 3: 2],
            first: [0, 4, 0],
            steps: [1, -1, 1],
            sizes: [4, 5, 6],
            shape: [4, 1, 5, 6]
        ),
        Slice(
            text: "x[-100:100, 4:-100:-3]",
            begin: [-100, 4],
            end: [100, -100],
            strides: [1, -3],
            first: [0, 4, 0],
            steps: [1, -3, 1],
            sizes: [4, 2, 6],
            shape: [4, 2, 6]
        ),
        Slice(
            text: "x[1:1+2] with ends as offsets",
            begin: [1],
            end: [2],
            strides: [1],
            masks: [5: 1],
            first: [1, 0, 0],
            steps: [1, 1, 1],
            sizes: [2, 5, 6],
            shape: [2, 5, 6]
        ),
    ]

    @Test("STRIDED_SLICE takes what numpy takes", arguments: slices)
    func stridedSlice(slice: Slice) throws {
        let fields = slice.masks.reduce(into: [Int: FlatValue]()) { fields, mask in
            fields[mask.key] = mask.key == 5 ? .uint8(1) : .int32(mask.value)
        }
        let model = TestModel.single(45, from: [4, 5, 6], to: slice.shape, options: 32, fields) {
            [$0.integers(slice.begin), $0.integers(slice.end), $0.integers(slice.strides)]
        }
        let expected = Operator.slice(
            begin: slice.first,
            strides: slice.steps,
            sizes: slice.sizes
        )
        #expect(try nodes(model).nodes[0].operator == expected)
    }

    @Test("arithmetic on shapes that only feeds RESHAPE falls away")
    func deadShapeArithmetic() throws {
        var model = TestModel.single(22, from: [1, 6], to: [2, 3])
        let shape = model.add(TestModel.Tensor(shape: [2], type: TestModel.int32))
        model.nodes.insert(TestModel.Node(code: 77, inputs: [0], outputs: [shape]), at: 0)
        model.nodes[1].inputs.append(shape)
        #expect(try nodes(model).nodes.map(\.name) == ["RESHAPE#1"])
    }
}
