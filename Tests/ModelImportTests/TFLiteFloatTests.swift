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
