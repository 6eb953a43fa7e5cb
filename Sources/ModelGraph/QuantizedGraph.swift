/// A graph proved fully quantized: integers on every edge, scales where the arithmetic needs them.
///
/// Only `init(proving:)` makes one, whether the importer read the model so or the quantizer made
/// it. Activations are int8, or int16 with zero point 0, or uint8 next to a `requantize` node at
/// the model's edge, or int32 and int64 behind `argMax`. A node computes on int8 or on int16; only
/// a `requantize` node joins the two. Weights are int8 beside both, biases int32, or int64 beside
/// int16.
public struct QuantizedGraph: Sendable {
    /// The proved graph.
    public let graph: Graph

    /// Proves that `graph` is well formed, that its shapes follow from its operators, and that it
    /// computes on integers only.
    ///
    /// - Throws: `GraphError` that names the first node or tensor that breaks a rule.
    public init(proving graph: Graph) throws(GraphError) {
        try graph.validate()
        for node in graph.nodes {
            try graph.proveOperands(of: node)
            try graph.proveShapes(of: node)
            try graph.proveQuantized(node)
        }
        self.graph = graph
    }
}

extension Graph {
    /// Proves that the graph is well formed, and that its shapes follow from its operators.
    ///
    /// - Throws: `GraphError` that names the first node or tensor that breaks a rule.
    package func proveWellFormed() throws(GraphError) {
        try validate()
        for node in nodes {
            try proveOperands(of: node)
            try proveShapes(of: node)
        }
    }

    /// Proves that a node has the operands that its operator takes.
    package func proveOperands(of node: Node) throws(GraphError) {
        let inputs: ClosedRange<Int>
        switch node.operator {
        case .convolution2D, .depthwiseConvolution2D, .fullyConnected, .transposeConvolution2D,
            .layerNormalization:
            inputs = 2...3
        case .binary, .prelu, .batchMatMul, .gather: inputs = 2...2
        case .select: inputs = 3...3
        case .concatenation: inputs = 1...GraphLimits.tensorCountMax
        case .longShortTermMemory:
            let count = LongShortTermMemory.inputCount
            inputs = count...count
        default: inputs = 1...1
        }
        let present = node.inputs.prefix(inputs.lowerBound).allSatisfy { $0 != nil }
        guard inputs.contains(node.inputs.count), present,
            node.outputs.count == node.operator.outputCount
        else {
            throw .operandCountMismatch(
                node: node.name,
                inputs: node.inputs.count,
                outputs: node.outputs.count
            )
        }
    }

    fileprivate func proveQuantized(_ node: Node) throws(GraphError) {
        switch node.operator {
        case .quantize, .dequantize:
            throw .notQuantized(
                node: node.name,
                tensor: self[node.outputs[0]].name,
                type: self[node.outputs[0]].type
            )
        case .requantize:
            try proveActivation(node.inputs[0], of: node, allowed: [.int8, .uint8, .int16])
            try proveActivation(node.outputs[0], of: node, allowed: [.int8, .uint8, .int16])
        case .longShortTermMemory(let memory): try proveQuantized(memory, node)
        case .argMax:
            try proveActivation(node.inputs[0], of: node, allowed: [.int8, .int16])
            try proveType(node.outputs[0], of: node, allowed: [.int32, .int64])
        case .convolution2D, .depthwiseConvolution2D, .fullyConnected, .transposeConvolution2D:
            let type = computedType(of: node)
            try proveActivation(node.inputs[0], of: node, allowed: [type])
            try proveWeights(of: node)
            try proveActivation(node.outputs[0], of: node, allowed: [type])
        case .gather, .select, .layerNormalization: try proveMixed(node)
        default:
            let type = computedType(of: node)
            for input in node.inputs { try proveActivation(input, of: node, allowed: [type]) }
            try proveActivation(node.outputs[0], of: node, allowed: [type])
        }
    }

    /// The one type of a node's activations: int16 if its output is, else int8.
    private func computedType(of node: Node) -> DataType {
        self[node.outputs[0]].type == .int16 ? .int16 : .int8
    }

    /// Operators beside whose activations lies something else: indices, a condition, parameters.
    private func proveMixed(_ node: Node) throws(GraphError) {
        try proveActivation(node.outputs[0], of: node, allowed: [.int8])
        var activations = node.inputs.prefix(1)
        for case let other? in node.inputs.dropFirst() {
            switch node.operator {
            case .gather: try proveType(other, of: node, allowed: [.int32, .int64])
            case .layerNormalization: try proveParameter(other, of: node)
            default: activations.append(other)
            }
        }
        if case .select = node.operator {
            if let condition = node.inputs[0], self[condition].type == .bool {
                activations = activations.dropFirst()
            }
        }
        for input in activations { try proveActivation(input, of: node, allowed: [.int8]) }
    }

    /// A constant that the planner turns into fixed point, so it may be real or quantized.
    private func proveParameter(_ id: TensorID, of node: Node) throws(GraphError) {
        try proveType(id, of: node, allowed: [.int8, .int16, .int32, .float32])
        let isUsable =
            self[id].constant != nil && (self[id].type == .float32 || self[id].quantization != nil)
        guard isUsable else {
            throw .quantizationMismatch(
                node: node.name,
                detail: "'\(self[id].name)' must be a constant, real or with a scale"
            )
        }
    }

    /// int8 sequence, weights and hidden values, int32 biases, and a cell of 16 bits.
    private func proveQuantized(
        _ memory: LongShortTermMemory,
        _ node: Node
    ) throws(GraphError) {
        for input in [0, memory.hiddenInput] {
            try proveActivation(node.inputs[input], of: node, allowed: [.int8])
        }
        for weights in memory.weightInputs {
            try proveActivation(node.inputs[weights], of: node, allowed: [.int8])
        }
        for bias in memory.biasInputs {
            guard let id = node.inputs[bias] else { continue }
            try proveType(id, of: node, allowed: [.int32])
        }
        for constant in memory.weightInputs + memory.biasInputs {
            guard let id = node.inputs[constant], self[id].constant != nil else {
                throw .quantizationMismatch(
                    node: node.name,
                    detail: "weights and biases must be constants"
                )
            }
        }
        try proveActivation(node.inputs[memory.cellInput], of: node, allowed: [.int16])
        for (output, type) in zip(node.outputs, [DataType.int8, .int8, .int16]) {
            try proveActivation(output, of: node, allowed: [type])
        }
    }

    private func proveWeights(of node: Node) throws(GraphError) {
        guard let id = node.inputs[1], self[id].constant != nil, self[id].quantization != nil else {
            throw .quantizationMismatch(
                node: node.name,
                detail: "weights must be a quantized constant"
            )
        }
        try proveType(id, of: node, allowed: [.int8])
        guard node.inputs.count == 3, let bias = node.inputs[2] else { return }
        let isWide = computedType(of: node) == .int16
        try proveType(bias, of: node, allowed: isWide ? [.int32, .int64] : [.int32])
        guard self[bias].constant != nil else {
            throw .quantizationMismatch(node: node.name, detail: "the bias must be a constant")
        }
    }

    private func proveActivation(
        _ id: TensorID?,
        of node: Node,
        allowed: [DataType]
    ) throws(GraphError) {
        guard let id else { return }
        try proveType(id, of: node, allowed: allowed)
        guard let quantization = self[id].quantization, quantization.isPerTensor else {
            throw .quantizationMismatch(
                node: node.name,
                detail: "tensor '\(self[id].name)' needs one scale and zero point"
            )
        }
        guard self[id].type != .int16 || quantization.zeroPoints == [0] else {
            throw .quantizationMismatch(
                node: node.name,
                detail: "int16 tensor '\(self[id].name)' needs the zero point 0"
            )
        }
    }

    private func proveType(
        _ id: TensorID,
        of node: Node,
        allowed: [DataType]
    ) throws(GraphError) {
        guard allowed.contains(self[id].type) else {
            throw .notQuantized(node: node.name, tensor: self[id].name, type: self[id].type)
        }
    }
}
