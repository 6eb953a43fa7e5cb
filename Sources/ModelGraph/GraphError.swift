/// Why a graph is not a well-formed or not a fully quantized model.
public enum GraphError: Error, Sendable, Hashable {
    /// A node or port names a tensor that does not exist.
    case tensorOutOfRange(place: String, index: Int, count: Int)
    /// A tensor is read before any node writes it, and is neither an input nor a constant.
    case tensorUsedBeforeProduced(node: String, tensor: String)
    /// A tensor is written twice, or an input or a constant is written.
    case tensorWrittenTwice(node: String, tensor: String)
    /// A dimension is below 1, or the rank or the element count is beyond the limit.
    case shapeOutOfRange(tensor: String, shape: [Int])
    /// A constant's bytes do not match its shape and type.
    case constantSizeMismatch(tensor: String, sizeBytes: Int, expectedBytes: Int)
    /// A scale is not positive and finite, the counts of scales and zero points differ, or the
    /// channel count does not match the axis.
    case quantizationOutOfRange(tensor: String)
    /// The graph has no inputs, no outputs, or more nodes or tensors than the limit.
    case graphSizeOutOfRange(nodes: Int, tensors: Int, inputs: Int, outputs: Int)
    /// A node has a number of inputs or outputs that its operator does not take.
    case operandCountMismatch(node: String, inputs: Int, outputs: Int)
    /// A node's shapes do not fit its operator.
    case shapeMismatch(node: String, detail: String)
    /// A node computes on a tensor that is not quantized to integers.
    case notQuantized(node: String, tensor: String, type: DataType)
    /// A state's value, next value and initial bytes do not belong together.
    case stateMismatch(state: String, detail: String)
    /// A quantized node lacks the property that its integer arithmetic needs.
    case quantizationMismatch(node: String, detail: String)
}

extension GraphError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .tensorOutOfRange(let place, let index, let count):
            "\(place) names tensor \(index), but there are \(count) tensors"
        case .tensorUsedBeforeProduced(let node, let tensor):
            "node '\(node)' reads tensor '\(tensor)' before any node writes it"
        case .tensorWrittenTwice(let node, let tensor):
            "node '\(node)' writes tensor '\(tensor)', which already has a value"
        case .shapeOutOfRange(let tensor, let shape):
            "tensor '\(tensor)' has the unusable shape \(shape)"
        case .constantSizeMismatch(let tensor, let size, let expected):
            "constant '\(tensor)' has \(size) bytes where its shape and type need \(expected)"
        case .quantizationOutOfRange(let tensor):
            "tensor '\(tensor)' has unusable quantization parameters"
        case .graphSizeOutOfRange(let nodes, let tensors, let inputs, let outputs):
            "the graph has \(nodes) nodes, \(tensors) tensors, \(inputs) inputs and "
                + "\(outputs) outputs"
        case .operandCountMismatch(let node, let inputs, let outputs):
            "node '\(node)' has \(inputs) inputs and \(outputs) outputs, which its operator does "
                + "not take"
        case .shapeMismatch(let node, let detail), .quantizationMismatch(let node, let detail):
            "node '\(node)': \(detail)"
        case .stateMismatch(let state, let detail): "state '\(state)': \(detail)"
        case .notQuantized(let node, let tensor, let type):
            "node '\(node)' computes on tensor '\(tensor)' of type \(type.rawValue), which is not "
                + "quantized"
        }
    }
}
