import ModelGraph
import ModelImport
import Testing

@Suite("What TFLite import refuses")
struct TFLiteRefusalTests {
    @Test("all unsupported features are reported at once, in the model's order")
    func reportsAll() throws {
        var model = TestModel()
        let x = model.activation([1, 4])
        let a = model.activation([1, 4])
        let b = model.activation([1, 4], type: TestModel.int16)
        let c = model.activation([1, 4])
        let d = model.activation([1, 4])
        model.inputs = [x]
        model.outputs = [d]
        model.node(52, [x], [a])
        model.node(19, [a], [b])
        model.node(32, [b], [c])
        model.nodes[2].customName = "Mel"
        model.node(119, [c], [d])
        model.subgraphCount = 2
        let features = try unsupported(model)
        #expect(features.map(\.nodeIndex) == [nil, 0, 1, 2, 3])
        #expect(features.map(\.kind) == [.structure, .operator, .type, .operator, .operator])
        #expect(
            features.map(\.operatorName) == [
                nil, "BIDIRECTIONAL_SEQUENCE_LSTM", "RELU", "CUSTOM 'Mel'", "WHILE",
            ]
        )
        #expect(features[1].operands.map(\.name) == ["t0", "t1"])
        #expect(features[2].operands.map(\.type) == ["INT8", "INT16"])
        #expect(features[2].help.contains("int8 activations"))
    }

    @Test("every built-in code of the schema has its name")
    func namesEveryCode() throws {
        for (code, name) in [(Int32(119), "WHILE"), (209, "STABLEHLO_CASE"), (54, "PRELU")] {
            let model = TestModel.single(code, from: [4], to: [4])
            #expect(try unsupported(model).map(\.operatorName) == [name])
        }
        let model = TestModel.single(4_000, from: [4], to: [4])
        #expect(try unsupported(model).map(\.operatorName) == ["operator code 4000"])
    }

    @Test("operators without an integer kernel are refused in an integer model only")
    func floatOperator() throws {
        var model = TestModel.single(47, from: [1, 4], to: [1, 4])
        let features = try unsupported(model)
        #expect(features.map(\.kind) == [.operator])
        #expect(features[0].reason.contains("integer models"))
        model.makeFloat()
        let graph = try importModel(model.bytes, name: "m")
        #expect(graph.nodes.map(\.operator) == [.unary(.exponential)])
    }

    @Test("a float operator inside an integer model is named")
    func hybridModel() throws {
        var model = TestModel.single(19, from: [1, 4], to: [1, 4])
        let a = model.add(TestModel.Tensor(shape: [1, 4], type: TestModel.float32))
        let b = model.add(TestModel.Tensor(shape: [1, 4], type: TestModel.float32))
        model.node(6, [1], [a])
        model.node(25, [a], [b], options: 9, [0: .float(1)])
        model.outputs = [b]
        let features = try unsupported(model)
        #expect(features.map(\.operatorName) == ["DEQUANTIZE", "SOFTMAX", nil])
        #expect(features.map(\.kind) == [.type, .type, .type])
    }

    /// A change that makes a valid model unsupported, and the kind of the reason.
    struct Change: Sendable, CustomTestStringConvertible {
        let name: String
        let kind: UnsupportedFeature.Kind
        let apply: @Sendable (inout TestModel) -> Void
        var testDescription: String { name }
    }

    static let changes = [
        Change(name: "a scale is missing", kind: .type) { $0.tensors[0].scales = [] },
        Change(name: "a scale is 0", kind: .inconsistency) { $0.tensors[0].scales = [0] },
        Change(name: "a scale is not a number", kind: .inconsistency) {
            $0.tensors[0].scales = [.nan]
        },
        Change(name: "a zero point leaves int8", kind: .inconsistency) {
            $0.tensors[0].zeroPoints = [128]
        },
        Change(name: "an activation has two scales", kind: .type) {
            $0.tensors[0].scales = [1, 2]
            $0.tensors[0].zeroPoints = [0, 0]
        },
        Change(name: "a dimension is 0", kind: .inconsistency) { $0.tensors[0].shape[1] = 0 },
        Change(name: "a dimension is negative", kind: .inconsistency) {
            $0.tensors[0].shape[1] = -4
        },
        Change(name: "a tensor is huge", kind: .inconsistency) {
            $0.tensors[0].shape = [65_536, 65_536, 65_536, 65_536]
        },
        Change(name: "seven dimensions", kind: .structure) {
            $0.tensors[0].shape = [1, 1, 1, 1, 1, 1, 6]
        },
        Change(name: "a stride of 0", kind: .inconsistency) {
            $0.nodes[0].options.fields[1] = .int32(0)
        },
        Change(name: "a huge stride and dilation", kind: .inconsistency) {
            $0.nodes[0].options.fields[2] = .int32(.max)
            $0.nodes[0].options.fields[5] = .int32(.max)
        },
        Change(name: "an unknown padding", kind: .inconsistency) {
            $0.nodes[0].options.fields[0] = .uint8(2)
        },
        Change(name: "an unknown activation", kind: .option) {
            $0.nodes[0].options.fields[3] = .uint8(4)
        },
        Change(name: "the options of another operator", kind: .inconsistency) {
            $0.nodes[0].optionsType = 9
        },
        Change(name: "the output does not follow", kind: .inconsistency) {
            $0.tensors[3].shape = [1, 4, 4, 4]
        },
        Change(name: "weights with a zero point", kind: .option) {
            $0.tensors[1].scales = [0.5]
            $0.tensors[1].zeroPoints = [1]
        },
        Change(name: "scales along another dimension", kind: .option) { $0.tensors[1].axis = 1 },
        Change(name: "too few scales", kind: .inconsistency) {
            $0.tensors[1].scales = [1, 2]
            $0.tensors[1].zeroPoints = [0, 0]
        },
        Change(name: "4-bit weights", kind: .type) { $0.tensors[1].type = 17 },
        Change(name: "computed weights", kind: .option) { $0.tensors[1].content = [] },
        Change(name: "weights of too few bytes", kind: .inconsistency) {
            $0.tensors[1].content.removeLast()
        },
        Change(name: "a 64-bit bias", kind: .type) { $0.tensors[2].type = TestModel.int64 },
        Change(name: "a short bias", kind: .option) { $0.tensors[2].content.removeLast() },
        Change(name: "a bias of another length", kind: .inconsistency) {
            $0.tensors[2].shape = [3]
            $0.tensors[2].content.removeLast(8)
        },
        Change(name: "a sparse tensor", kind: .structure) {
            $0.tensors[1].extra[6] = .table(FlatRecord())
        },
        Change(name: "a variable", kind: .structure) { $0.tensors[0].extra[5] = .uint8(1) },
        Change(name: "int8 beside uint8", kind: .type) { $0.tensors[3].type = TestModel.uint8 },
        Change(name: "an output that is an input", kind: .inconsistency) {
            $0.nodes[0].outputs = [0]
            $0.outputs = [0]
        },
        Change(name: "a missing operand", kind: .inconsistency) { $0.nodes[0].inputs = [0] },
        Change(name: "a new schema version", kind: .structure) { $0.version = 4 },
    ]

    private static var convolution: TestModel {
        TestModel.single(
            3,
            from: [1, 4, 4, 2],
            to: [1, 4, 4, 5],
            options: 1,
            [0: .uint8(0), 1: .int32(1), 2: .int32(1)]
        ) { [$0.weights([5, 3, 3, 2], axis: 0), $0.integers([1, 2, 3, 4, 5])] }
    }

    @Test("a convolution is refused when", arguments: changes)
    func refusesConvolution(change: Change) throws {
        #expect(throws: Never.self) { try importModel(Self.convolution.bytes, name: "m") }
        var model = Self.convolution
        change.apply(&model)
        let kinds = try unsupported(model).map(\.kind)
        #expect(kinds.contains(change.kind), "\(kinds)")
    }

    @Test(
        "operators on stored integers need one scale",
        arguments: [(Int32(2), UInt8(10)), (55, 39), (1, 5), (60, 43)]
    )
    func unequalScales(code: Int32, options: UInt8) throws {
        var model = TestModel.single(
            code,
            from: [1, 1, 1, 4],
            to: [1, 1, 1, code == 2 ? 8 : 4],
            options: options,
            code == 2 ? [0: .int32(3)] : [1: .int32(1), 2: .int32(1)]
        ) { model in
            switch code {
            case 1: []
            case 60:
                [
                    model.integers([Int32](repeating: 0, count: 8), shape: [4, 2]),
                    model.constant([1], [3]),
                ]
            default: [model.constant([1, 1, 1, 4], [1, 2, 3, 4])]
            }
        }
        if code == 1 {
            model.nodes[0].options.fields[3] = .int32(1)
            model.nodes[0].options.fields[4] = .int32(1)
        }
        #expect(throws: Never.self) { try importModel(model.bytes, name: "m") }
        model.tensors[0].scales = [0.25]
        #expect(try unsupported(model).map(\.kind) == [.option])
        model.tensors[0].scales = [0.5]
        model.tensors[0].zeroPoints = [4]
        #expect(try unsupported(model).map(\.kind) == [.option])
    }

    @Test("uint8 bilinear interpolation, which the reference rounds in floating point")
    func uint8ResizeBilinear() throws {
        var model = TestModel.single(23, from: [1, 2, 3, 4], to: [1, 5, 7, 4], options: 15) {
            [$0.integers([5, 7])]
        }
        model.tensors[0].type = TestModel.uint8
        model.tensors[2].type = TestModel.uint8
        #expect(try unsupported(model).map(\.kind) == [.type])
    }

    @Test("other formats are named")
    func otherFormats() {
        let cases: [([UInt8], DetectedFormat)] = [
            ([0x50, 0x4B, 0x03, 0x04, 0, 0, 0, 0], .zip),
            ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], .hdf5),
            ([], .unknown), ([0, 0, 0, 0, 0x54, 0x46, 0x4C], .unknown),
        ]
        for (bytes, format) in cases {
            #expect(throws: ImportError.unsupportedFormat(format)) {
                try importModel(bytes, name: "m")
            }
        }
    }
}
