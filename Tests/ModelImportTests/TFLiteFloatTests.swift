import ModelGraph
import Testing

@testable import ModelImport

@Suite("TFLite models of floats")
struct TFLiteFloatTests {
    @Test(
        "an operator of one input becomes the unary operator of its name",
        arguments: [
            (Int32(8), UnaryOperator.floor), (47, .exponential), (59, .negate), (73, .logarithm),
            (75, .squareRoot), (76, .reciprocalSquareRoot), (92, .square), (101, .absolute),
            (104, .ceiling), (111, .elu(alpha: 1)), (150, .gelu(isApproximate: false)),
        ]
    )
    func unary(code: Int32, expected: UnaryOperator) throws {
        var model = TestModel.single(code, from: [1, 4], to: [1, 4])
        model.makeFloat()
        let graph = try importModel(model.bytes, name: "m")
        #expect(graph.nodes.map(\.operator) == [.unary(expected)])
        #expect(graph.inputs.map(\.externalType) == [.float32])
        #expect(graph.outputs.map(\.externalType) == [.float32])
    }

    @Test(
        "a reduction keeps its kind and its axes",
        arguments: [(Int32(40), Reduction.mean), (74, .sum), (82, .maximum), (89, .minimum)]
    )
    func reduction(code: Int32, expected: Reduction) throws {
        var model = TestModel.single(code, from: [1, 4, 5], to: [1, 4], options: 27) {
            [$0.integers([-1], shape: [])]
        }
        model.makeFloat()
        let graph = try importModel(model.bytes, name: "m")
        let kept = Operator.reduce(expected, axes: [2], keepsDimensions: false)
        #expect(graph.nodes.map(\.operator) == [kept])
    }

    @Test("a constant that holds NaN or infinity is refused", arguments: [Float.nan, .infinity])
    func notFinite(value: Float) throws {
        var model = TestModel.single(0, from: [1, 1], to: [1, 1], options: 11) {
            [$0.constant([1, 1], (0..<4).map { UInt8(value.bitPattern >> (8 * $0) & 0xFF) })]
        }
        model.makeFloat()
        let features = try unsupported(model)
        #expect(features.map(\.kind) == [.inconsistency])
        #expect(features[0].reason.contains("NaN or infinity"))
    }
}

extension TestModel {
    /// Turns every integer activation and constant of 8 bits into float32 without scales.
    mutating func makeFloat() {
        for index in tensors.indices where tensors[index].type == TestModel.int8 {
            tensors[index].type = TestModel.float32
            tensors[index].scales = []
            tensors[index].zeroPoints = []
        }
    }
}

@Suite("What is refused in TFLite models of floats")
struct TFLiteFloatRefusalTests {
    /// A float model that must be refused, and the kind of the reason.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let name: String
        let kind: UnsupportedFeature.Kind
        let make: @Sendable () -> TestModel
        var testDescription: String { name }
    }

    static let refusals = [
        Refusal(name: "a gather outside its tensor", kind: .inconsistency) {
            TestModel.single(36, from: [3], to: [1], options: 23) { [$0.integers([3])] }
        },
        Refusal(name: "a gather with batch dimensions", kind: .option) {
            TestModel.single(36, from: [3], to: [1], options: 23, [1: .int32(1)]) {
                [$0.integers([0])]
            }
        },
        Refusal(name: "a gather by real numbers", kind: .type) {
            TestModel.single(36, from: [3], to: [1], options: 23) { [$0.activation([1])] }
        },
        Refusal(name: "blocks that do not divide the channels", kind: .inconsistency) {
            TestModel.single(5, from: [1, 2, 2, 6], to: [1, 4, 4, 1], options: 94, [0: .int32(2)])
        },
        Refusal(name: "huge blocks", kind: .inconsistency) {
            TestModel.single(
                5,
                from: [1, 2, 2, 6],
                to: [1, 4, 4, 1],
                options: 94,
                [0: .int32(.max)]
            )
        },
        Refusal(name: "blocks of 0", kind: .inconsistency) {
            TestModel.single(26, from: [1, 4, 4, 1], to: [1, 2, 2, 4], options: 19)
        },
        Refusal(name: "negative multiples", kind: .inconsistency) {
            TestModel.single(69, from: [2], to: [2]) { [$0.integers([-1])] }
        },
        Refusal(name: "a vector condition that picks rows", kind: .option) {
            var model = TestModel.single(64, from: [2], to: [2, 2], options: 47) {
                [$0.activation([2, 2]), $0.activation([2, 2])]
            }
            model.tensors[0].type = 6
            return model
        },
        Refusal(name: "a cast that changes the shape", kind: .inconsistency) {
            TestModel.single(53, from: [2], to: [3], options: 37)
        },
        Refusal(name: "a tensor that two casts write", kind: .inconsistency) {
            var model = TestModel.single(53, from: [2], to: [2], options: 37)
            model.nodes.append(model.nodes[0])
            return model
        },
        Refusal(name: "indices in arithmetic", kind: .type) {
            var model = TestModel.single(0, from: [2], to: [2], options: 11) { model in
                let indices = model.add(TestModel.Tensor(shape: [2], type: TestModel.int32))
                return [indices]
            }
            model.inputs.append(1)
            return model
        },
    ]

    @Test("a float model is refused for", arguments: refusals)
    func refuses(refusal: Refusal) throws {
        var model = refusal.make()
        model.makeFloat()
        let features = try unsupported(model)
        #expect(features.map(\.kind).contains(refusal.kind), "\(features)")
    }

    @Test("arithmetic on the shape of BROADCAST_TO falls away")
    func shapeArithmetic() throws {
        var model = TestModel()
        let x = model.activation([3, 1])
        let shape = model.add(TestModel.Tensor(shape: [2], type: TestModel.int32))
        let y = model.activation([3, 4])
        model.node(77, [x], [shape])
        model.node(130, [x, shape], [y])
        model.inputs = [x]
        model.outputs = [y]
        model.makeFloat()
        let graph = try importModel(model.bytes, name: "m")
        #expect(graph.nodes.map(\.operator) == [.broadcast])
    }

    @Test("a cast between float32 tensors leaves no node")
    func cast() throws {
        var model = TestModel()
        let x = model.activation([4])
        let a = model.activation([4])
        let y = model.activation([4])
        model.node(53, [x], [a], options: 37)
        model.node(19, [a], [y])
        model.inputs = [x]
        model.outputs = [y]
        model.makeFloat()
        let graph = try importModel(model.bytes, name: "m")
        #expect(graph.nodes.map(\.operator) == [.unary(.relu)])
        #expect(graph.nodes[0].inputs == [graph.inputs[0].tensor])
    }
}
