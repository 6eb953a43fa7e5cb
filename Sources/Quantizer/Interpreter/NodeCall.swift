import ModelGraph

/// One node with the values of its inputs, whose shapes were proved.
struct NodeCall {
    let node: Node
    let inputs: [FloatTensor?]
    let outputShape: [Int]
    /// The node's weights, when they are constant.
    let packed: PackedWeights?

    /// The first input.
    var x: FloatTensor { operand(0) }
    var outputCount: Int { outputShape.reduce(1, *) }

    /// An input that the operator needs.
    func operand(_ index: Int) -> FloatTensor {
        guard index < inputs.count, let value = inputs[index] else {
            preconditionFailure("operand \(index) of '\(node.name)' was proved to be there")
        }
        return value
    }

    /// An input that may be absent.
    func optional(_ index: Int) -> FloatTensor? { index < inputs.count ? inputs[index] : nil }

    /// The elements of the node's output.
    ///
    /// - Parameter fill: the real number around a padded tensor.
    /// - Returns: The elements, as many as the output's shape has.
    /// - Throws: `InterpreterError.indexOutOfRange` when an index picks nothing.
    func run(fill: Float) throws(InterpreterError) -> [Float] {
        switch node.operator {
        case .convolution2D(let window, let activation): convolution(window, activation)
        case .depthwiseConvolution2D(let window, let multiplier, let activation):
            depthwise(window, multiplier, activation)
        case .transposeConvolution2D(let window, let activation):
            transposeConvolution(window, activation)
        case .fullyConnected(let activation): fullyConnected(activation)
        case .batchMatMul(let left, let right): batchMatMul(left, right)
        case .averagePool2D(let height, let width, let window, let activation):
            averagePool(height, width, window, activation)
        case .maxPool2D(let height, let width, let window, let activation):
            maxPool(height, width, window, activation)
        case .resizeBilinear(let mapping): resizeBilinear(mapping)
        case .resizeNearest(let mapping): resizeNearest(mapping)
        case .binary(let kind, let activation): binary(kind, activation)
        case .unary(let kind): x.values.map { Float(kind.value(at: Double($0))) }
        case .prelu: prelu()
        case .select: select()
        case .reduce(let kind, let axes, _): reduce(kind, axes)
        case .softmax(let beta): softmax(beta)
        case .logSoftmax: logSoftmax()
        case .layerNormalization(let epsilon): layerNormalization(epsilon)
        case .argMax(let axis): argMax(axis)
        case .gather(let axis): try gather(axis)
        case .broadcast: expanded(x, to: outputShape)
        default: moved(fill: fill)
        }
    }

    /// Operators that move elements and change none.
    private func moved(fill: Float) -> [Float] {
        switch node.operator {
        case .transpose(let permutation): transpose(permutation)
        case .pad(let before, _, _): pad(before, fill)
        case .concatenation(let axis): concatenation(axis)
        case .slice(let begin, let strides, let sizes): slice(begin, strides, sizes)
        case .tile(let multiples): tile(multiples)
        default: x.values  // reshape, quantize, dequantize, requantize
        }
    }
}

extension Activation {
    /// The clamp of a fused activation.
    func apply(_ value: Double) -> Double {
        switch self {
        case .none: value
        case .relu: max(value, 0)
        case .relu6: min(max(value, 0), 6)
        case .reluN1To1: min(max(value, -1), 1)
        }
    }
}
