extension Graph {
    /// Proves that the shapes of a node's tensors follow from its operator.
    ///
    /// The number of operands must be proved before (`QuantizedGraph` does so), and the graph
    /// must be valid: extents are within `GraphLimits`, so the arithmetic below cannot overflow.
    ///
    /// - Parameter node: a node of this graph.
    /// - Throws: `GraphError.shapeMismatch` with the shape that would follow.
    package func proveShapes(of node: Node) throws(GraphError) {
        let shapes = node.inputs.compactMap { $0.map { self[$0].shape } }
        guard let input = shapes.first, let output = node.outputs.first.map({ self[$0].shape })
        else { return }
        let rule = ShapeRule(node: node.name, input: input, output: output)
        switch node.operator {
        case .convolution2D(let window, _):
            try rule.convolution(window, weights: shapes[1], bias: shapes.dropFirst(2).first)
        case .depthwiseConvolution2D(let window, let multiplier, _):
            let bias = shapes.dropFirst(2).first
            try rule.depthwise(window, multiplier, weights: shapes[1], bias: bias)
        case .fullyConnected:
            try rule.fullyConnected(weights: shapes[1], bias: shapes.dropFirst(2).first)
        case .averagePool2D(let height, let width, let window, _),
            .maxPool2D(let height, let width, let window, _):
            let channels = try rule.image().channels
            try rule.expectWindow(window, height: height, width: width, channels: channels)
        case .binary: try rule.expect(try rule.broadcastShape(of: shapes))
        case .unary, .requantize, .quantize, .dequantize: try rule.expect(input)
        case .softmax, .logSoftmax:
            try rule.require(!input.isEmpty, "softmax needs a dimension to run over")
            try rule.expect(input)
        case .prelu: try rule.prelu(slope: shapes[1])
        case .reduce(_, let axes, let keeps): try rule.reduce(axes, keepsDimensions: keeps)
        case .transposeConvolution2D(let window, _):
            let bias = shapes.dropFirst(2).first
            try rule.transposeConvolution(window, weights: shapes[1], bias: bias)
        case .batchMatMul(let left, let right):
            try rule.batchMatMul(shapes[1], transposesLeft: left, transposesRight: right)
        case .layerNormalization: try rule.layerNormalization(Array(shapes.dropFirst()))
        case .gather(let axis): try rule.gather(shapes[1], axis: axis)
        case .select: try rule.expect(try rule.broadcastShape(of: shapes))
        case .broadcast:
            try rule.require(
                try rule.broadcastShape(of: [input, output]) == output,
                "\(input) does not broadcast to \(output)"
            )
        case .tile(let multiples): try rule.tile(multiples)
        case .reshape:
            let isSame = input.reduce(1, *) == output.reduce(1, *)
            try rule.require(isSame, "\(input) does not reshape to \(output)")
        case .transpose(let permutation): try rule.transpose(permutation)
        case .pad(let before, let after, _): try rule.pad(before, after)
        case .concatenation(let axis): try rule.concatenation(shapes, axis: axis)
        case .slice(let begin, let strides, let sizes):
            try rule.slice(begin: begin, strides: strides, sizes: sizes)
        case .resizeBilinear(let mapping), .resizeNearest(let mapping): try rule.resize(mapping)
        case .argMax(let axis): try rule.argMax(axis)
        case .longShortTermMemory(let memory):
            let outputs = node.outputs.map { self[$0].shape }
            try rule.longShortTermMemory(memory, inputs: shapes, outputs: outputs)
        }
    }
}
