/// Limits of a graph.
///
/// They bound the work of every pass on a hostile model.
public enum GraphLimits {
    /// Nodes; the largest mobile vision models have about a thousand.
    public static let nodeCountMax = 65_536
    /// Tensors, constants included.
    public static let tensorCountMax = 262_144
    /// Dimensions; TFLite's broadcasting kernels stop at six.
    public static let rankMax = 6
    /// Elements of one tensor: byte offsets must fit 31 bits on a 32-bit device.
    public static let elementCountMax = 1 << 28
    /// Inputs or outputs of the graph.
    public static let portCountMax = 64
    /// States; the largest streaming speech models have some dozens.
    public static let stateCountMax = 256
}

extension Graph {
    /// Proves the structural invariants that every pass relies on.
    ///
    /// Every named tensor exists; each is written once and before it is read; shapes are within
    /// `GraphLimits`; constants have the bytes that shape and type need; quantization is usable.
    public func validate() throws(GraphError) {
        try validateCounts()
        for tensor in tensors { try tensor.validate() }
        try validateDataFlow()
    }

    private func validateCounts() throws(GraphError) {
        let isWithinLimits =
            nodes.count <= GraphLimits.nodeCountMax && tensors.count <= GraphLimits.tensorCountMax
            && (1...GraphLimits.portCountMax).contains(inputs.count)
            && (1...GraphLimits.portCountMax).contains(outputs.count)
            && states.count <= GraphLimits.stateCountMax
        guard isWithinLimits else {
            throw .graphSizeOutOfRange(
                nodes: nodes.count,
                tensors: tensors.count,
                inputs: inputs.count,
                outputs: outputs.count
            )
        }
    }

    private func validateDataFlow() throws(GraphError) {
        var hasValue = tensors.map { $0.constant != nil }
        for port in inputs {
            try checkRange(port.tensor, place: "input '\(port.name)'")
            guard !hasValue[port.tensor.index] else {
                throw .tensorWrittenTwice(node: "input", tensor: self[port.tensor].name)
            }
            hasValue[port.tensor.index] = true
        }
        for state in states {
            try checkRange(state.tensor, place: "state '\(state.name)'")
            try checkRange(state.next, place: "the next value of state '\(state.name)'")
            guard !hasValue[state.tensor.index] else {
                throw .tensorWrittenTwice(node: "state", tensor: self[state.tensor].name)
            }
            hasValue[state.tensor.index] = true
            try validate(state)
        }
        for node in nodes {
            for case let input? in node.inputs {
                try checkRange(input, place: "node '\(node.name)'")
                guard hasValue[input.index] else {
                    throw .tensorUsedBeforeProduced(node: node.name, tensor: self[input].name)
                }
            }
            for output in node.outputs {
                try checkRange(output, place: "node '\(node.name)'")
                guard !hasValue[output.index] else {
                    throw .tensorWrittenTwice(node: node.name, tensor: self[output].name)
                }
                hasValue[output.index] = true
            }
        }
        for port in outputs {
            try checkRange(port.tensor, place: "output '\(port.name)'")
            guard hasValue[port.tensor.index] else {
                throw .tensorUsedBeforeProduced(node: "output", tensor: self[port.tensor].name)
            }
        }
        for state in states where !hasValue[state.next.index] {
            throw .tensorUsedBeforeProduced(node: "state", tensor: self[state.next].name)
        }
    }

    private func checkRange(_ id: TensorID, place: String) throws(GraphError) {
        guard tensors.indices.contains(id.index) else {
            throw .tensorOutOfRange(place: place, index: id.index, count: tensors.count)
        }
    }
}

extension Tensor {
    fileprivate func validate() throws(GraphError) {
        guard shape.count <= GraphLimits.rankMax else {
            throw .shapeOutOfRange(tensor: name, shape: shape)
        }
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 1, !overflow, product <= GraphLimits.elementCountMax else {
                throw .shapeOutOfRange(tensor: name, shape: shape)
            }
            count = product
        }
        if let constant, constant.count != sizeBytes {
            throw .constantSizeMismatch(
                tensor: name,
                sizeBytes: constant.count,
                expectedBytes: sizeBytes
            )
        }
        if let quantization, !quantization.isUsable(shape: shape) {
            throw .quantizationOutOfRange(tensor: name)
        }
    }
}

extension Quantization {
    fileprivate func isUsable(shape: [Int]) -> Bool {
        guard !scales.isEmpty, scales.count == zeroPoints.count,
            scales.allSatisfy({ $0.isFinite && $0 > 0 })
        else { return false }
        if isPerTensor { return true }
        return shape.indices.contains(axis) && shape[axis] == scales.count
            && zeroPoints.allSatisfy { $0 == 0 }
    }
}
