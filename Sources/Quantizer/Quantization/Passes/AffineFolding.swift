import ModelGraph

/// An elementwise operation of an activation with one constant a channel: `x * factor + addend`.
private struct ChannelAffine {
    var factors: [Float]
    var addends: [Float]
    let input: TensorID

    /// Reads a node as an affine map of channels; `nil` for all others.
    init?(_ node: Node, in rewrite: GraphRewrite) {
        guard case .binary(let kind, _) = node.operator, let a = node.inputs[0],
            let b = node.inputs[1], let output = node.outputs.first
        else { return nil }
        let channels = rewrite.graph[output].shape.last ?? 1
        let isFirstConstant = rewrite.reals(a) != nil
        let (x, c) = isFirstConstant ? (b, a) : (a, b)
        guard rewrite.graph[x].constant == nil,
            rewrite.graph[x].shape == rewrite.graph[output].shape,
            let values = rewrite.channelReals(c, channels: channels)
        else { return nil }
        let ones = [Float](repeating: 1, count: channels)
        let zeros = [Float](repeating: 0, count: channels)
        input = x
        switch (kind, isFirstConstant) {
        case (.add, _): (factors, addends) = (ones, values)
        case (.subtract, false): (factors, addends) = (ones, values.map { -$0 })
        case (.subtract, true): (factors, addends) = (ones.map { -$0 }, values)
        case (.multiply, _): (factors, addends) = (values, zeros)
        case (.divide, false): (factors, addends) = (values.map { 1 / $0 }, zeros)
        default: return nil
        }
        guard (factors + addends).allSatisfy(\.isFinite) else { return nil }
    }
}

extension GraphRewrite {
    /// Folds sums and products with constants into the convolution or dense product before them,
    /// or after them, until none is left.
    ///
    /// Before: `a (w x + b) + c = (a w) x + (a b + c)`. After:
    /// `w (a x + c) + b = (w a) x + (b + w c)`, where `c` must be 0 if the window may reach into
    /// padding, since padding is not shifted.
    mutating func foldAffines() {
        while foldIntoProducer() || foldIntoReader() {}
    }

    private mutating func foldIntoProducer() -> Bool {
        let producers = producers()
        for (index, node) in graph.nodes.enumerated() {
            guard let affine = ChannelAffine(node, in: self),
                let producer = producers[affine.input], soleReader(of: affine.input) == index,
                graph.nodes[producer].operator.activation == Activation.none,
                var weights = ProductWeights(graph.nodes[producer], in: self),
                weights.outputCount == affine.factors.count
            else { continue }
            weights.scaleOutputs(affine.factors)
            weights.bias = zip(weights.bias, zip(affine.factors, affine.addends)).map {
                Float(Double($0) * Double($1.0) + Double($1.1))
            }
            guard weights.isFinite else { continue }
            weights.store(in: &self, node: producer)
            graph.nodes[producer].outputs = node.outputs
            let activation = node.operator.activation ?? .none
            graph.nodes[producer].operator = graph.nodes[producer].operator.with(activation)
            record(.folded, node.name, "into the weights of '\(graph.nodes[producer].name)'")
            removeNode(index)
            return true
        }
        return false
    }

    private mutating func foldIntoReader() -> Bool {
        for (index, node) in graph.nodes.enumerated() {
            guard let affine = ChannelAffine(node, in: self),
                node.operator.activation == Activation.none,
                let output = node.outputs.first, let reader = soleReader(of: output),
                graph.nodes[reader].inputs[0] == output,
                var weights = ProductWeights(graph.nodes[reader], in: self),
                weights.inputCount == affine.factors.count
            else { continue }
            let isShifted = affine.addends.contains { $0 != 0 }
            guard !isShifted || !graph.nodes[reader].operator.isPadded else { continue }
            let sums = weights.sums(ofInputs: affine.addends)
            weights.bias = zip(weights.bias, sums).map { Float(Double($0) + $1) }
            weights.scaleInputs(affine.factors)
            guard weights.isFinite else { continue }
            weights.store(in: &self, node: reader)
            graph.nodes[reader].inputs[0] = affine.input
            record(.folded, node.name, "into the weights of '\(graph.nodes[reader].name)'")
            removeNode(index)
            return true
        }
        return false
    }
}

extension Operator {
    /// Whether a tap of the window may fall outside the image.
    fileprivate var isPadded: Bool {
        switch self {
        case .convolution2D(let window, _), .depthwiseConvolution2D(let window, _, _):
            window.padding != Padding2D()
        // Pixels at the edge are written by fewer taps than others.
        case .transposeConvolution2D: true
        default: false
        }
    }
}
