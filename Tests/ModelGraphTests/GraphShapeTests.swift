import ModelGraph
import Testing

@Suite("Shapes follow from operators")
struct GraphShapeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let operation: Operator
        let inputs: [[Int]]
        let output: [Int]
        var testDescription: String { "\(operation.name) \(inputs) -> \(output)" }

        init(_ operation: Operator, _ inputs: [[Int]], _ output: [Int]) {
            self.operation = operation
            self.inputs = inputs
            self.output = output
        }
    }

    private static let stride2 = Window2D(strideHeight: 2, strideWidth: 2)
    private static let same3 = Window2D(padding: Padding2D(top: 1, left: 1, bottom: 1, right: 1))

    static let right = [
        Case(.convolution2D(same3, .none), [[1, 5, 6, 2], [4, 3, 3, 2]], [1, 5, 6, 4]),
        Case(.convolution2D(stride2, .none), [[1, 5, 6, 4], [4, 3, 3, 2]], [1, 2, 2, 4]),
        Case(
            .depthwiseConvolution2D(same3, depthMultiplier: 2, .none),
            [[1, 5, 6, 2], [1, 3, 3, 4]],
            [1, 5, 6, 4]
        ),
        Case(
            .averagePool2D(height: 5, width: 6, Window2D(), .none),
            [[1, 5, 6, 2]],
            [1, 1, 1, 2]
        ),
        Case(.maxPool2D(height: 2, width: 2, stride2, .none), [[1, 5, 6, 2]], [1, 2, 3, 2]),
        Case(.fullyConnected(.none), [[2, 2, 3], [5, 6]], [2, 5]),
        Case(.binary(.add, .none), [[2, 1, 3], [4, 1]], [2, 4, 3]),
        Case(.unary(.relu), [[2, 3]], [2, 3]), Case(.softmax(beta: 1), [[2, 3]], [2, 3]),
        Case(.reduce(.mean, axes: [0, 2], keepsDimensions: false), [[2, 3, 4]], [3]),
        Case(.reduce(.mean, axes: [0, 2], keepsDimensions: true), [[2, 3, 4]], [1, 3, 1]),
        Case(.reshape, [[2, 3]], [3, 1, 2]),
        Case(.transpose(permutation: [1, 2, 0]), [[2, 3, 4]], [3, 4, 2]),
        Case(.pad(before: [0, 1], after: [2, 0], fill: nil), [[2, 3]], [4, 4]),
        Case(.concatenation(axis: 1), [[2, 3], [2, 4]], [2, 7]),
        Case(.slice(begin: [1, 3], strides: [1, -2], sizes: [1, 2]), [[2, 4]], [2]),
        Case(
            .resizeNearest(ResizeMapping(alignCorners: true, halfPixelCenters: false)),
            [[1, 2, 3, 4]],
            [1, 9, 9, 4]
        ),
        Case(
            .transposeConvolution2D(stride2, .none),
            [[1, 2, 2, 4], [3, 3, 3, 4]],
            [1, 5, 5, 3]
        ),
        Case(
            .transposeConvolution2D(stride2, .none),
            [[1, 2, 2, 4], [3, 3, 3, 4]],
            [1, 6, 5, 3]
        ),
        Case(
            .batchMatMul(transposesLeft: false, transposesRight: true),
            [[5, 1, 2, 3], [4, 7, 3]],
            [5, 4, 2, 7]
        ),
        Case(.prelu, [[1, 2, 3], [3]], [1, 2, 3]),
        Case(.layerNormalization(epsilon: 1), [[2, 3], [3], [3]], [2, 3]),
        Case(.logSoftmax, [[2, 3]], [2, 3]), Case(.select, [[2, 1], [3], [1]], [2, 3]),
        Case(.gather(axis: 1), [[2, 3, 4], [5, 6]], [2, 5, 6, 4]),
        Case(.broadcast, [[3, 1]], [2, 3, 4]), Case(.tile(multiples: [2, 3]), [[1, 2]], [2, 6]),
    ]

    static let wrong = [
        Case(
            .transposeConvolution2D(stride2, .none),
            [[1, 2, 2, 4], [3, 3, 3, 4]],
            [1, 7, 5, 3]
        ),
        Case(
            .transposeConvolution2D(stride2, .none),
            [[1, 2, 2, 4], [3, 3, 3, 4]],
            [1, 4, 5, 3]
        ),
        Case(
            .transposeConvolution2D(stride2, .none),
            [[1, 2, 2, 4], [3, 3, 3, 5]],
            [1, 5, 5, 3]
        ),
        Case(
            .transposeConvolution2D(Window2D(strideHeight: .max), .none),
            [[1, 2, 2, 4], [3, 3, 3, 4]],
            [1, 5, 4, 3]
        ),
        Case(
            .batchMatMul(transposesLeft: false, transposesRight: false),
            [[2, 3], [2, 3]],
            [2, 3]
        ),
        Case(
            .batchMatMul(transposesLeft: false, transposesRight: false),
            [[3], [3, 2]],
            [2]
        ),
        Case(.prelu, [[1, 3], [2, 3]], [2, 3]),
        Case(.layerNormalization(epsilon: 1), [[2, 3], [2]], [2, 3]),
        Case(.select, [[2], [3], [1]], [3]), Case(.gather(axis: 3), [[2, 3], [1]], [2, 3]),
        Case(.broadcast, [[3]], [3, 2]), Case(.tile(multiples: [0]), [[2]], [2]),
        Case(.tile(multiples: [.max]), [[2]], [2]), Case(.tile(multiples: [1]), [[1, 2]], [1, 2]),
        Case(.convolution2D(same3, .none), [[1, 5, 6, 2], [4, 3, 3, 2]], [1, 5, 6, 5]),
        Case(.convolution2D(same3, .none), [[1, 5, 6, 3], [4, 3, 3, 2]], [1, 5, 6, 4]),
        Case(.convolution2D(same3, .none), [[1, 5, 6, 6], [4, 3, 3, 2]], [1, 5, 6, 4]),
        Case(.convolution2D(same3, .none), [[5, 6, 2], [4, 3, 3, 2]], [5, 6, 4]),
        Case(.convolution2D(same3, .none), [[1, 5, 6, 2], [4, 3, 2]], [1, 5, 6, 4]),
        Case(.convolution2D(Window2D(), .none), [[1, 2, 6, 2], [4, 3, 3, 2]], [1, 1, 4, 4]),
        Case(
            .convolution2D(Window2D(padding: Padding2D(top: 3)), .none),
            [[1, 5, 6, 2], [4, 3, 3, 2]],
            [1, 6, 4, 4]
        ),
        Case(
            .convolution2D(Window2D(padding: Padding2D(top: -1)), .none),
            [[1, 5, 6, 2], [4, 3, 3, 2]],
            [1, 2, 4, 4]
        ),
        Case(
            .convolution2D(Window2D(strideHeight: 0), .none),
            [[1, 5, 6, 2], [4, 3, 3, 2]],
            [1, 3, 4, 4]
        ),
        Case(
            .convolution2D(Window2D(dilationHeight: .max), .none),
            [[1, 5, 6, 2], [4, 3, 3, 2]],
            [1, 3, 4, 4]
        ),
        Case(
            .depthwiseConvolution2D(same3, depthMultiplier: 1, .none),
            [[1, 5, 6, 2], [1, 3, 3, 4]],
            [1, 5, 6, 4]
        ),
        Case(
            .depthwiseConvolution2D(same3, depthMultiplier: 2, .none),
            [[1, 5, 6, 2], [2, 3, 3, 4]],
            [1, 5, 6, 4]
        ),
        Case(
            .averagePool2D(height: 0, width: 6, Window2D(), .none),
            [[1, 5, 6, 2]],
            [1, 6, 1, 2]
        ),
        Case(.maxPool2D(height: 2, width: .max, stride2, .none), [[1, 5, 6, 2]], [1, 2, 1, 2]),
        Case(.fullyConnected(.none), [[2, 2, 3], [5, 7]], [2, 5]),
        Case(.fullyConnected(.none), [[2, 2, 3], [5, 6]], [5, 2]),
        Case(.binary(.add, .none), [[2, 3], [2]], [2, 3]),
        Case(.binary(.add, .none), [[2, 1], [3]], [2, 1]),
        Case(.unary(.relu), [[2, 3]], [3, 2]), Case(.softmax(beta: 1), [[]], []),
        Case(.reduce(.mean, axes: [], keepsDimensions: false), [[2, 3]], [2, 3]),
        Case(.reduce(.mean, axes: [1, 0], keepsDimensions: true), [[2, 3]], [1, 1]),
        Case(.reduce(.mean, axes: [2], keepsDimensions: true), [[2, 3]], [2, 3]),
        Case(.reshape, [[2, 3]], [5]),
        Case(.transpose(permutation: [0, 0]), [[2, 2]], [2, 2]),
        Case(.transpose(permutation: [1]), [[2, 2]], [2]),
        Case(.pad(before: [0, -1], after: [0, 1], fill: nil), [[2, 3]], [2, 3]),
        Case(.pad(before: [0], after: [1], fill: nil), [[2, 3]], [3, 3]),
        Case(.pad(before: [0, .max], after: [0, .max], fill: nil), [[2, 3]], [2, 3]),
        Case(.concatenation(axis: 2), [[2, 3], [2, 4]], [2, 7]),
        Case(.concatenation(axis: 1), [[2, 3], [3, 4]], [2, 7]),
        Case(.slice(begin: [0, 3], strides: [1, 1], sizes: [2, 2]), [[2, 4]], [2, 2]),
        Case(.slice(begin: [0, 0], strides: [1, -1], sizes: [2, 2]), [[2, 4]], [2, 2]),
        Case(.slice(begin: [0, 0], strides: [1, 0], sizes: [2, 2]), [[2, 4]], [2, 2]),
        Case(.slice(begin: [0, 0], strides: [1, .max], sizes: [2, 2]), [[2, 4]], [2, 2]),
        Case(.slice(begin: [0, 0], strides: [1, 1], sizes: [2, 0]), [[2, 4]], [2]),
        Case(.slice(begin: [0], strides: [1], sizes: [2]), [[2, 4]], [2]),
        Case(.slice(begin: [0, 0], strides: [1, 1], sizes: [2, 3]), [[2, 4]], [3, 2]),
        Case(
            .resizeBilinear(ResizeMapping(alignCorners: true, halfPixelCenters: true)),
            [[1, 2, 3, 4]],
            [1, 9, 9, 4]
        ),
        Case(
            .resizeBilinear(ResizeMapping(alignCorners: true, halfPixelCenters: false)),
            [[1, 2, 3, 4]],
            [1, 9, 9, 5]
        ),
        Case(.argMax(axis: 2), [[2, 3]], [2]), Case(.argMax(axis: 1), [[2, 3]], [3]),
    ]

    @Test("a shape that follows is accepted", arguments: right)
    func accepts(example: Case) throws {
        _ = try QuantizedGraph(
            proving: graph(example.operation, example.inputs, to: example.output)
        )
    }

    @Test("a shape that does not follow is refused, without overflow", arguments: wrong)
    func refuses(example: Case) {
        let graph = graph(example.operation, example.inputs, to: example.output)
        let error = #expect(throws: GraphError.self) { try QuantizedGraph(proving: graph) }
        guard case .shapeMismatch("n", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a bias has one element an output channel", arguments: [[3], [1, 4]])
    func bias(shape: [Int]) {
        var broken = graph(
            .convolution2D(Self.same3, .none),
            [[1, 5, 6, 2], [4, 3, 3, 2]],
            to: [1, 5, 6, 4]
        )
        let bytes = [UInt8](repeating: 0, count: 4 * shape.reduce(1, *))
        let bias = broken.add(Tensor(name: "b", shape: shape, type: .int32, constant: bytes))
        broken.nodes[0].inputs.append(bias)
        #expect(throws: GraphError.self) { try QuantizedGraph(proving: broken) }
    }
}
