public import ModelGraph

/// Real numbers in a shape.
public struct FloatTensor: Sendable, Hashable {
    /// The extent of each dimension, row-major; images are `[N, H, W, C]`, scalars `[]`.
    public let shape: [Int]
    /// The elements, as many as the shape's product.
    public let values: [Float]

    /// Makes a tensor; `nil` when the count of values is not the shape's product.
    public init?(shape: [Int], values: [Float]) {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 1, !overflow else { return nil }
            count = product
        }
        guard count == values.count else { return nil }
        self.shape = shape
        self.values = values
    }

    /// Makes a tensor of a count that was proved.
    init(proved shape: [Int], _ values: [Float]) {
        precondition(shape.reduce(1, *) == values.count, "\(shape) with \(values.count) values")
        self.shape = shape
        self.values = values
    }

    /// The distance in elements between neighbours along each dimension.
    var strides: [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        }
        return strides
    }
}

/// Why a graph cannot be run in floating point, or not on these inputs.
public enum InterpreterError: Error, Sendable, Hashable {
    /// The graph breaks a rule of its own.
    case graph(GraphError)
    /// There is not one input for each port.
    case inputCountMismatch(given: Int, needed: Int)
    /// An input has another shape than its port.
    case inputShapeMismatch(port: String, given: [Int], needed: [Int])
    /// A constant cannot be read as real numbers.
    case constantUnreadable(tensor: String, type: DataType)
    /// An index is not one of the dimension that it picks from.
    case indexOutOfRange(node: String, index: Float, extent: Int)
}

extension InterpreterError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .graph(let error): "\(error)"
        case .inputCountMismatch(let given, let needed):
            "\(given) inputs are given where the model takes \(needed)"
        case .inputShapeMismatch(let port, let given, let needed):
            "input '\(port)' has the shape \(given) where \(needed) is needed"
        case .constantUnreadable(let tensor, let type):
            "constant '\(tensor)' of type \(type.rawValue) has no real values"
        case .indexOutOfRange(let node, let index, let extent):
            "node '\(node)' picks element \(index) of \(extent)"
        }
    }
}
