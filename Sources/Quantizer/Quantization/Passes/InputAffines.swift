import ModelGraph

extension GraphRewrite {
    /// Gives what folding has left of the sums and products behind an input its cheapest integer
    /// form.
    ///
    /// One offset of an input of bytes becomes the input's zero point when the graph is quantized;
    /// here its fraction, which no zero point holds, moves into the bias of the first layer. That
    /// is exact inside the image; where the window reaches into padding, the padding means the
    /// whole offset, at most half a step of the input away. What remains becomes a depthwise
    /// convolution with one weight a channel: its multipliers are exact for each channel, where a
    /// quantized product would round all factors to one scale.
    mutating func settleInputAffines() {
        for port in graph.inputs where port.externalType.byteRange != nil {
            settleOffset(of: port)
        }
        for port in graph.inputs { while keepStep(of: port) {} }
    }

    /// The offset behind an input of bytes that its zero point can hold.
    fileprivate func zeroPointOffset(of port: Port) -> (node: Int, offset: Float)? {
        guard let range = port.externalType.byteRange,
            let index = soleReader(of: port.tensor),
            case .binary(.subtract, .none) = graph.nodes[index].operator,
            graph.nodes[index].inputs[0] == port.tensor,
            let values = reals(graph.nodes[index].inputs[1]), values.count == 1,
            range.contains(Double(values[0])),
            graph[graph.nodes[index].outputs[0]].shape == graph[port.tensor].shape
        else { return nil }
        return (index, values[0])
    }

    private mutating func settleOffset(of port: Port) {
        guard let (index, offset) = zeroPointOffset(of: port) else { return }
        let whole = offset.rounded(.toNearestOrEven)
        let rest = offset - whole
        guard rest != 0, let reader = product(behind: graph.nodes[index].outputs[0]),
            var weights = ProductWeights(graph.nodes[reader], in: self)
        else { return }
        let name = graph.nodes[index].name
        let sums = weights.sums(
            ofInputs: [Float](repeating: -rest, count: weights.inputCount)
        )
        weights.bias = zip(weights.bias, sums).map { Float(Double($0) + $1) }
        guard weights.isFinite else { return }
        weights.store(in: &self, node: reader)
        graph.nodes[index].inputs[1] = addConstant([whole], shape: [1], name: name)
        record(
            .folded,
            name,
            "\(rest) of \(offset) into the bias of '\(graph.nodes[reader].name)'; padding stands "
                + "for \(whole), less than a step away"
        )
    }

    /// The product that reads a tensor alone, past nodes that move or pad.
    private func product(behind tensor: TensorID) -> Int? {
        var tensor = tensor
        while let reader = soleReader(of: tensor) {
            let node = graph.nodes[reader]
            if node.operator.isProduct { return node.inputs[0] == tensor ? reader : nil }
            switch node.operator {
            case .transpose, .pad(_, _, nil), .pad(_, _, 0): tensor = node.outputs[0]
            default: return nil
            }
        }
        return nil
    }

    /// Makes the sums and products next to an input one depthwise convolution.
    private mutating func keepStep(of port: Port) -> Bool {
        var tensor = port.tensor
        let offset = zeroPointOffset(of: port)
        if let offset, offset.offset == offset.offset.rounded() {
            tensor = graph.nodes[offset.node].outputs[0]
        }
        while let reader = soleReader(of: tensor) {
            let node = graph.nodes[reader]
            if var affine = ChannelAffine(node, in: self), affine.input == tensor {
                guard graph[tensor].shape.count == 4, node.operator.activation == Activation.none
                else { return false }
                merge(followersOf: reader, into: &affine)
                replace(reader, by: affine)
                return true
            }
            guard case .transpose = node.operator else { return false }
            tensor = node.outputs[0]
        }
        return false
    }

    /// Takes sums and products that follow a node into its affine map, and removes them.
    private mutating func merge(followersOf index: Int, into affine: inout ChannelAffine) {
        while let output = graph.nodes[index].outputs.first, let next = soleReader(of: output),
            let follower = ChannelAffine(graph.nodes[next], in: self), follower.input == output,
            graph.nodes[next].operator.activation == Activation.none
        {
            let (factors, addends) = (affine.factors, affine.addends)
            affine.factors = zip(factors, follower.factors).map { $0 * $1 }
            affine.addends = factors.indices.map {
                addends[$0] * follower.factors[$0] + follower.addends[$0]
            }
            graph.nodes[index].outputs = graph.nodes[next].outputs
            record(.fused, graph.nodes[next].name, "with '\(graph.nodes[index].name)'")
            removeNode(next)
        }
    }

    private mutating func replace(_ index: Int, by affine: ChannelAffine) {
        let name = graph.nodes[index].name
        let count = affine.factors.count
        let weights = addConstant(affine.factors, shape: [1, 1, 1, count], name: "\(name).factors")
        let bias = addConstant(affine.addends, shape: [count], name: "\(name).addends")
        graph.nodes[index].operator = .depthwiseConvolution2D(
            Window2D(),
            depthMultiplier: 1,
            .none
        )
        graph.nodes[index].inputs = [affine.input, weights, bias]
        record(
            .kept,
            name,
            "as an integer step for each channel, because what follows does not take it up: the "
                + "window of a convolution reaches into padding, which is not shifted, or there is "
                + "no product of constants"
        )
    }
}

extension DataType {
    /// The real numbers of a type of bytes that stand for themselves.
    fileprivate var byteRange: ClosedRange<Double>? {
        switch self {
        case .uint8: 0...255
        case .int8: -128...127
        default: nil
        }
    }
}

extension Graph {
    /// The ranges that byte inputs have by their type, and those of their shifted copies.
    func byteRanges() -> [Int: ClosedRange<Double>] {
        let rewrite = GraphRewrite(self)
        var ranges: [Int: ClosedRange<Double>] = [:]
        for port in inputs {
            guard let range = port.externalType.byteRange, self[port.tensor].type == .float32
            else { continue }
            ranges[port.tensor.index] = range
            if let (node, offset) = rewrite.zeroPointOffset(of: port), offset == offset.rounded() {
                let shift = Double(offset)
                ranges[nodes[node].outputs[0].index] =
                    range.lowerBound - shift...range.upperBound - shift
            }
        }
        return ranges
    }

    /// Moves the offsets behind byte inputs into their zero points, which changes no stored
    /// integer.
    ///
    /// - Parameter float: the float graph that it comes from, with the same nodes in front.
    /// - Returns: the integer graph without those nodes, and what was done.
    /// - Throws: `QuantizationError.inputNotExact` when an input of bytes got another scale.
    func absorbingOffsets(
        of float: Graph
    ) throws(QuantizationError) -> (graph: Graph, decisions: [Decision]) {
        let rewrite = GraphRewrite(float)
        var result = self
        var decisions: [Decision] = []
        for (index, port) in float.inputs.enumerated() {
            guard let range = port.externalType.byteRange, float[port.tensor].type == .float32
            else { continue }
            guard let stored = self[port.tensor].quantization,
                StoredRange.reals(stored) == range
            else { throw .inputNotExact(port: port.name) }
            guard let (node, offset) = rewrite.zeroPointOffset(of: port),
                let place = result.nodes.firstIndex(where: {
                    $0.outputs == float.nodes[node].outputs
                }),
                let shifted = self[float.nodes[node].outputs[0]].quantization,
                shifted.scales == stored.scales,
                Float(shifted.zeroPoints[0] - stored.zeroPoints[0]) == offset
            else { continue }
            result.inputs[index].tensor = float.nodes[node].outputs[0]
            result.nodes.remove(at: place)
            decisions.append(
                Decision(
                    kind: .folded,
                    place: float.nodes[node].name,
                    reason: "into the zero point of input '\(port.name)'"
                )
            )
        }
        return (result, decisions)
    }
}
