import ModelGraph

@testable import Quantizer

/// SplitMix64: the same numbers everywhere for one seed.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func tensor(_ shape: [Int]) -> FloatTensor {
        let count = shape.reduce(1, *)
        let values = (0..<count).map { _ in Float.random(in: -2...2, using: &self) }
        return FloatTensor(proved: shape, values)
    }

    mutating func integer(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &self) }
}

/// Builds a float graph as a chain of operators with random constants.
struct NetworkBuilder {
    var graph = Graph(name: "network")
    /// The activation that the next operator reads.
    var last: TensorID
    var random: SplitMix64

    init(input shape: [Int], seed: UInt64) {
        random = SplitMix64(state: seed)
        last = graph.add(Tensor(name: "x", shape: shape, type: .float32))
        graph.inputs = [Port(name: "x", tensor: last, externalType: .float32)]
    }

    var shape: [Int] { graph[last].shape }

    /// The graph with the last activation as its output.
    func finished() -> Graph {
        var graph = graph
        graph.outputs = [Port(name: "y", tensor: last, externalType: .float32)]
        return graph
    }

    mutating func constant(_ shape: [Int], _ values: [Float]) -> TensorID {
        let bytes = values.flatMap { value in
            withUnsafeBytes(of: value.bitPattern.littleEndian) { [UInt8]($0) }
        }
        let name = "c\(graph.tensors.count)"
        return graph.add(Tensor(name: name, shape: shape, type: .float32, constant: bytes))
    }

    mutating func constant(_ shape: [Int]) -> TensorID {
        let values = random.tensor(shape).values
        return constant(shape, values)
    }

    /// Adds an operator that reads the last activation first.
    mutating func add(_ operation: Operator, _ others: [TensorID?] = [], to output: [Int]) {
        let y = graph.add(Tensor(name: "t\(graph.tensors.count)", shape: output, type: .float32))
        graph.nodes.append(
            Node(
                name: "n\(graph.nodes.count)",
                operator: operation,
                inputs: [last] + others,
                outputs: [y]
            )
        )
        last = y
    }

    /// A convolution that keeps the image's size.
    mutating func convolution(_ channels: Int, _ activation: Activation = .none, padding: Int = 1) {
        let image = shape
        let window = Window2D(
            padding: Padding2D(top: padding, left: padding, bottom: padding, right: padding)
        )
        let size = 1 + 2 * padding
        let weights = constant([channels, size, size, image[3]])
        let bias = constant([channels])
        add(
            .convolution2D(window, activation),
            [weights, bias],
            to: [image[0], image[1], image[2], channels]
        )
    }

    mutating func depthwise(_ activation: Activation = .none) {
        let image = shape
        let window = Window2D(padding: Padding2D(top: 1, left: 1, bottom: 1, right: 1))
        let weights = constant([1, 3, 3, image[3]])
        let operation = Operator.depthwiseConvolution2D(window, depthMultiplier: 1, activation)
        add(operation, [weights], to: image)
    }

    mutating func dense(_ outputs: Int, _ activation: Activation = .none) {
        let weights = constant([outputs, shape.last ?? 1])
        let bias = constant([outputs])
        let target = Array(shape.dropLast()) + [outputs]
        add(.fullyConnected(activation), [weights, bias], to: target)
    }

    /// An operation with one random constant a channel.
    mutating func affine(_ kind: BinaryOperator) {
        let other = constant([shape.last ?? 1])
        add(.binary(kind, .none), [other], to: shape)
    }

    mutating func unary(_ kind: UnaryOperator) { add(.unary(kind), to: shape) }

    /// Random inputs for the graph.
    mutating func sample() -> [FloatTensor] {
        var sample: [FloatTensor] = []
        for port in graph.inputs { sample.append(random.tensor(graph[port.tensor].shape)) }
        return sample
    }

    mutating func samples(_ count: Int) -> [[FloatTensor]] {
        var samples: [[FloatTensor]] = []
        for _ in 0..<count { samples.append(sample()) }
        return samples
    }
}
