import ModelGraph
import Testing

@testable import Quantizer

@Suite("Preparation keeps the float results")
struct PreparationTests {
    /// The largest distance of the outputs before and after, relative to the largest value of any
    /// tensor: each is rounded to float32, and a clamp may leave little of a large one.
    static func distance(
        _ graph: Graph,
        _ prepared: Graph,
        _ sample: [FloatTensor]
    ) throws -> Float {
        var reach: Float = 1
        let before = try ReferenceInterpreter(graph).run(sample) { _, tensor in
            reach = tensor.values.reduce(reach) { max($0, abs($1)) }
        }
        let after = try ReferenceInterpreter(prepared).run(sample)
        return zip(before[0].values, after[0].values).reduce(0) { max($0, abs($1.0 - $1.1)) }
            / reach
    }

    static func randomNetwork(_ seed: UInt64) -> NetworkBuilder {
        var builder = NetworkBuilder(input: [1, 5, 5, 3], seed: seed)
        for _ in 0..<builder.random.integer(3...9) {
            let channels = builder.random.integer(1...5)
            switch builder.random.integer(0...11) {
            case 0: builder.convolution(channels, .relu)
            case 1: builder.convolution(channels)
            case 2: builder.convolution(channels, padding: 0)
            case 3: builder.depthwise(.relu)
            case 4: builder.depthwise()
            case 5: builder.affine(.multiply)
            case 6: builder.affine(.add)
            case 7: builder.affine(.subtract)
            case 8: builder.unary(.relu)
            case 9: builder.unary(.relu6)
            case 10: builder.unary(.clamp(low: -1, high: 1))
            default: builder.dense(channels)
            }
        }
        return builder
    }

    @Test("on random networks", arguments: [false, true], 1...60)
    func randomNetworks(equalizes: Bool, seed: UInt64) throws {
        var builder = Self.randomNetwork(seed)
        let graph = builder.finished()
        let prepared = try prepareForQuantization(graph, equalizes: equalizes)
        try prepared.graph.validate()
        #expect(prepared.graph.nodes.count <= graph.nodes.count)
        for _ in 0..<3 {
            let distance = try Self.distance(graph, prepared.graph, builder.sample())
            #expect(distance <= 1e-5, "seed \(seed): \(prepared.decisions)")
        }
    }

    @Test("batch normalization behind a convolution and its Relu become one node")
    func batchNormalization() throws {
        var builder = NetworkBuilder(input: [1, 5, 5, 3], seed: 5)
        builder.convolution(4)
        builder.affine(.multiply)
        builder.affine(.add)
        builder.unary(.relu)
        let prepared = try prepareForQuantization(builder.finished())
        #expect(prepared.graph.nodes.count == 1)
        #expect(prepared.decisions.filter { $0.kind == .folded }.count == 2)
        #expect(prepared.decisions.filter { $0.kind == .fused }.count == 1)
    }

    @Test("a shift does not fold into a padded convolution behind it")
    func paddedShift() throws {
        var builder = NetworkBuilder(input: [1, 5, 5, 3], seed: 6)
        builder.affine(.add)
        builder.convolution(4)
        #expect(try prepareForQuantization(builder.finished()).graph.nodes.count == 2)
    }

    @Test("what two nodes read is not folded")
    func sharedActivation() throws {
        var builder = NetworkBuilder(input: [1, 5, 5, 3], seed: 7)
        builder.convolution(3)
        let shared = builder.last
        builder.affine(.multiply)
        builder.add(.binary(.add, .none), [shared], to: builder.shape)
        let graph = builder.finished()
        let prepared = try prepareForQuantization(graph, equalizes: true)
        #expect(prepared.graph.nodes.count == 3)
        #expect(try Self.distance(graph, prepared.graph, builder.sample()) <= 1e-5)
    }

    @Test("equalization brings the channels of neighbours to one reach")
    func equalization() throws {
        var builder = NetworkBuilder(input: [1, 5, 5, 3], seed: 8)
        builder.convolution(2, .relu)
        // Channel 0 is a thousand times the other.
        let uneven = (0..<54).map { Float($0 < 27 ? 1000 : 1) }
        builder.graph.nodes[0].inputs[1] = builder.constant([2, 3, 3, 3], uneven)
        builder.convolution(2)
        let graph = builder.finished()
        let prepared = try prepareForQuantization(graph, equalizes: true)
        #expect(prepared.decisions.contains { $0.kind == .equalized })
        let sample = builder.sample()
        #expect(try Self.distance(graph, prepared.graph, sample) <= 1e-5)
        var reach: [Float] = [0, 0]
        _ = try ReferenceInterpreter(prepared.graph).run(sample) { id, tensor in
            guard id == prepared.graph.nodes[0].outputs[0] else { return }
            for (index, value) in tensor.values.enumerated() {
                reach[index % 2] = max(reach[index % 2], abs(value))
            }
        }
        #expect(max(reach[0], reach[1]) < 100 * min(reach[0], reach[1]))
    }

    @Test("a channel with next to no weights is not scaled without end", arguments: 1...3)
    func deadChannel(seed: UInt64) throws {
        var builder = NetworkBuilder(input: [1, 5, 5, 3], seed: seed)
        builder.convolution(3, .relu)
        for _ in 0..<3 { builder.depthwise(.relu) }
        builder.convolution(2)
        // Channel 1 of each depthwise layer has a bias, and all but no weights.
        for node in 1...3 {
            let values = (0..<27).map { Float($0 % 3 == 1 ? 1e-30 : 0.5) }
            let bias = builder.constant([3], [0.5, 0.5, 0.5])
            builder.graph.nodes[node].inputs[1] = builder.constant([1, 3, 3, 3], values)
            builder.graph.nodes[node].inputs.append(bias)
        }
        let graph = builder.finished()
        let prepared = try prepareForQuantization(graph, equalizes: true).graph
        for tensor in prepared.tensors {
            let values = try #require(tensor.constant == nil ? [] : tensor.realValues())
            #expect(values.allSatisfy { abs($0) < 1_000 }, "seed \(seed): \(tensor.name)")
        }
        #expect(try Self.distance(graph, prepared, builder.sample()) <= 1e-5)
    }

    static let decompositions: [(BinaryOperator, Float)] = [
        (.divide, 3), (.power, 2), (.power, 3), (.maximum, 0.5), (.minimum, 0.25),
        (.squaredDifference, 1.5),
    ]

    @Test("operators without a kernel become others", arguments: decompositions)
    func binaryDecompositions(kind: BinaryOperator, constant: Float) throws {
        var builder = NetworkBuilder(input: [1, 4, 6], seed: 9)
        let other = builder.constant([1], [constant])
        builder.add(.binary(kind, .none), [other], to: [1, 4, 6])
        let graph = builder.finished()
        let prepared = try prepareForQuantization(graph)
        #expect(!prepared.graph.nodes.contains { $0.operator == graph.nodes[0].operator })
        #expect(try Self.distance(graph, prepared.graph, builder.sample()) <= 1e-5)
    }

    @Test(
        "reductions become means and pools",
        arguments: [Reduction.sum, .maximum, .minimum],
        [[1], [2], [1, 2], [2, 3], [3]]
    )
    func reductions(kind: Reduction, axes: [Int]) throws {
        for keeps in [false, true] {
            var builder = NetworkBuilder(input: [1, 4, 3, 5], seed: 10)
            var shape = [1, 4, 3, 5]
            for axis in axes.reversed() {
                if keeps { shape[axis] = 1 } else { shape.remove(at: axis) }
            }
            builder.add(.reduce(kind, axes: axes, keepsDimensions: keeps), to: shape)
            let graph = builder.finished()
            let prepared = try prepareForQuantization(graph)
            #expect(!prepared.graph.nodes.contains { $0.operator.name.hasPrefix("Reduce") })
            #expect(try Self.distance(graph, prepared.graph, builder.sample()) <= 1e-5)
        }
    }

    @Test("a product with a constant matrix becomes a dense product", arguments: [false, true])
    func denseProduct(isTransposed: Bool) throws {
        var builder = NetworkBuilder(input: [2, 3, 4], seed: 11)
        let matrix = builder.constant(isTransposed ? [5, 4] : [4, 5])
        builder.add(
            .batchMatMul(transposesLeft: false, transposesRight: isTransposed),
            [matrix],
            to: [2, 3, 5]
        )
        let graph = builder.finished()
        let prepared = try prepareForQuantization(graph)
        #expect(prepared.graph.nodes.map(\.operator) == [.fullyConnected(.none)])
        #expect(try Self.distance(graph, prepared.graph, builder.sample()) <= 1e-5)
    }
}
