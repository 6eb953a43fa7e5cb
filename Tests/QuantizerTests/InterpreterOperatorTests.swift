import ModelGraph
import Testing

@testable import Quantizer

/// Operators that LiteRT's integer vectors do not reach, on numbers that a person can follow.
@Suite("Operators of the reference interpreter")
struct InterpreterOperatorTests {
    /// Runs one operator on inputs, the first of which are the graph's.
    private func run(
        _ operation: Operator,
        _ inputs: [([Int], [Float])],
        constants: [([Int], [Float])] = [],
        to shape: [Int]
    ) throws -> [Float] {
        var graph = Graph(name: "one")
        var ids: [TensorID?] = []
        for (index, input) in inputs.enumerated() {
            let id = graph.add(Tensor(name: "x\(index)", shape: input.0, type: .float32))
            graph.inputs.append(Port(name: "x\(index)", tensor: id, externalType: .float32))
            ids.append(id)
        }
        for (index, constant) in constants.enumerated() {
            let bytes = constant.1.flatMap { value in
                (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
            }
            let name = "c\(index)"
            let tensor = Tensor(name: name, shape: constant.0, type: .float32, constant: bytes)
            ids.append(graph.add(tensor))
        }
        let y = graph.add(Tensor(name: "y", shape: shape, type: .float32))
        graph.outputs = [Port(name: "y", tensor: y, externalType: .float32)]
        graph.nodes = [Node(name: "node", operator: operation, inputs: ids, outputs: [y])]
        let tensors = try inputs.map { try #require(FloatTensor(shape: $0.0, values: $0.1)) }
        return try #require(try ReferenceInterpreter(graph).run(tensors).first).values
    }

    @Test("a transposed convolution spreads each pixel over its window, and windows add up")
    func transposeConvolution() throws {
        let window = Window2D(strideHeight: 1, strideWidth: 2)
        let spread = try run(
            .transposeConvolution2D(window, .none),
            [([1, 1, 2, 1], [2, 5])],
            constants: [([1, 1, 3, 1], [1, 10, 100]), ([1], [0.5])],
            to: [1, 1, 5, 1]
        )
        #expect(spread == [2.5, 20.5, 205.5, 50.5, 500.5])
        let padded = Window2D(strideWidth: 2, padding: Padding2D(left: 1, right: 1))
        let cut = try run(
            .transposeConvolution2D(padded, .none),
            [([1, 1, 2, 1], [2, 5])],
            constants: [([1, 1, 3, 1], [1, 10, 100])],
            to: [1, 1, 3, 1]
        )
        #expect(cut == [20, 205, 50])
    }

    @Test("matrices multiply as they are or transposed, and broadcast over the batch")
    func batchMatMul() throws {
        let a: [Float] = [1, 2, 3, 4, 5, 6]
        let product = try run(
            .batchMatMul(transposesLeft: false, transposesRight: false),
            [([1, 2, 3], a), ([2, 3, 1], [1, 0, 2, 0, 1, 0])],
            to: [2, 2, 1]
        )
        #expect(product == [7, 16, 2, 5])
        let gram = try run(
            .batchMatMul(transposesLeft: true, transposesRight: false),
            [([2, 3], a), ([2, 3], a)],
            to: [3, 3]
        )
        #expect(gram == [17, 22, 27, 22, 29, 36, 27, 36, 45])
        let outer = try run(
            .batchMatMul(transposesLeft: false, transposesRight: true),
            [([2, 1], [2, 3]), ([2, 1], [5, 7])],
            to: [2, 2]
        )
        #expect(outer == [10, 14, 15, 21])
    }

    @Test("a layer normalization leaves mean 0 and variance 1, then scales and shifts")
    func layerNormalization() throws {
        let normal = try run(
            .layerNormalization(epsilon: 0),
            [([2, 4], [1, 2, 3, 4, -2, 2, -2, 2])],
            constants: [([4], [1, 1, 1, 2]), ([4], [0, 0, 0, 10])],
            to: [2, 4]
        )
        let root = Float(5).squareRoot()
        let expected: [Float] = [-3 / root, -1 / root, 1 / root, 6 / root + 10, -1, 1, -1, 12]
        for (value, wanted) in zip(normal, expected) { #expect(abs(value - wanted) < 1e-6) }
    }

    @Test("log softmax of equal scores is minus the logarithm of their number, far from 0 too")
    func logSoftmax() throws {
        let values = try run(.logSoftmax, [([1, 4], [900, 900, 900, 900])], to: [1, 4])
        for value in values { #expect(abs(value + 1.3862944) < 1e-6) }
    }

    @Test("gather takes slices by index, from the end when it is negative")
    func gather() throws {
        let x: [Float] = [1, 2, 3, 4, 5, 6]
        let columns = try run(
            .gather(axis: 1),
            [([2, 3], x)],
            constants: [([2], [2, -3])],
            to: [2, 2]
        )
        #expect(columns == [3, 1, 6, 4])
        let error = #expect(throws: InterpreterError.self) {
            try run(.gather(axis: 0), [([2, 3], x)], constants: [([1], [2])], to: [1, 3])
        }
        #expect(error == .indexOutOfRange(node: "node", index: 2, extent: 2))
    }

    @Test("select, prelu, broadcast and tile follow the rules of broadcasting")
    func broadcasting() throws {
        let x: [Float] = [-1, 2, -3, 4]
        #expect(
            try run(.prelu, [([2, 2], x)], constants: [([2], [0.5, 10])], to: [2, 2])
                == [-0.5, 2, -1.5, 4]
        )
        #expect(
            try run(
                .select,
                [([2, 1], [0, 1]), ([2, 2], x), ([1], [7])],
                to: [2, 2]
            ) == [7, 7, -3, 4]
        )
        #expect(
            try run(.broadcast, [([2, 1], [1, 2])], to: [3, 2, 2]).prefix(4) == [1, 1, 2, 2]
        )
        #expect(
            try run(.tile(multiples: [2, 2]), [([1, 2], [1, 2])], to: [2, 4])
                == [1, 2, 1, 2, 1, 2, 1, 2]
        )
    }

    @Test(
        "a reduction reduces its own axes",
        arguments: [
            (Reduction.sum, [Float(9), 12]), (.mean, [3, 4]), (.maximum, [5, 6]),
            (.minimum, [1, 2]),
        ]
    )
    func reduction(kind: Reduction, expected: [Float]) throws {
        let x: [Float] = [1, 2, 3, 4, 5, 6]
        let values = try run(
            .reduce(kind, axes: [0], keepsDimensions: false),
            [([3, 2], x)],
            to: [2]
        )
        #expect(values == expected)
    }

    // Values from mpmath at 30 digits.
    @Test(
        "a unary operator has its mathematical value",
        arguments: [
            (UnaryOperator.errorFunction, 0.5, 0.520499877813046538),
            (.gelu(isApproximate: false), 1, 0.841344746068542949),
            (.gelu(isApproximate: true), 1, 0.841191990608302706),
            (.gelu(isApproximate: false), -6, -5.91952587022618844e-9),
            (.softplus, 30, 30.0000000000000936), (.softplus, -30, 9.35762296883979e-14),
            (.logistic, -40, 4.24835425529158899e-18), (.silu, 2, 1.76159415595576489),
            (.elu(alpha: 2), -1, -1.26424111765711536), (.hardSwish, 1, 0.666666666666666667),
            (.reciprocalSquareRoot, 4, 0.5), (.power(exponent: 3), -2, -8),
            (.clamp(low: -1, high: .infinity), -7, -1), (.hardSigmoid(alpha: 0.2, beta: 0.5), 9, 1),
        ]
    )
    func unary(operation: UnaryOperator, x: Double, expected: Double) {
        let value = operation.value(at: x)
        #expect(abs(value - expected) <= 1e-12 * max(1e-6, abs(expected)), "\(value)")
    }

    @Test("inputs that do not fit are refused, with what would")
    func refusals() throws {
        var graph = Graph(name: "id")
        let x = graph.add(Tensor(name: "x", shape: [2], type: .float32))
        graph.inputs = [Port(name: "x", tensor: x, externalType: .float32)]
        graph.outputs = graph.inputs
        let interpreter = try ReferenceInterpreter(graph)
        let wrong = try #require(FloatTensor(shape: [3], values: [1, 2, 3]))
        #expect(throws: InterpreterError.inputCountMismatch(given: 0, needed: 1)) {
            try interpreter.run([])
        }
        #expect(throws: InterpreterError.inputShapeMismatch(port: "x", given: [3], needed: [2])) {
            try interpreter.run([wrong])
        }
        #expect(FloatTensor(shape: [2], values: [1]) == nil)
        #expect(FloatTensor(shape: [.max, .max], values: [1]) == nil)
        graph.nodes = [Node(name: "n", operator: .softmax(beta: 1), inputs: [x], outputs: [x])]
        #expect(throws: InterpreterError.self) { try ReferenceInterpreter(graph) }
    }

    @Test("an observer sees every activation once, inputs first")
    func observer() throws {
        var graph = Graph(name: "two")
        let x = graph.add(Tensor(name: "x", shape: [2], type: .float32))
        let y = graph.add(Tensor(name: "y", shape: [2], type: .float32))
        let z = graph.add(Tensor(name: "z", shape: [2], type: .float32))
        graph.inputs = [Port(name: "x", tensor: x, externalType: .float32)]
        graph.outputs = [Port(name: "z", tensor: z, externalType: .float32)]
        graph.nodes = [
            Node(name: "a", operator: .unary(.relu), inputs: [x], outputs: [y]),
            Node(name: "b", operator: .unary(.negate), inputs: [y], outputs: [z]),
        ]
        var seen: [(TensorID, [Float])] = []
        let input = try #require(FloatTensor(shape: [2], values: [-1, 3]))
        _ = try ReferenceInterpreter(graph).run([input]) { seen.append(($0, $1.values)) }
        #expect(seen.map(\.0) == [x, y, z])
        #expect(seen.map(\.1) == [[-1, 3], [0, 3], [0, -3]])
    }
}
