public import ModelGraph

/// A node that has no integer form.
public struct QuantizationProblem: Sendable, Hashable, CustomStringConvertible {
    /// The node's name.
    public let node: String
    /// The operator's name.
    public let operatorName: String
    /// What stands in the way.
    public let reason: String
    /// What to try.
    public let advice: String

    /// The problem in one line.
    public var description: String {
        "node '\(node)' (\(operatorName)): \(reason); \(advice)"
    }
}

/// Why a float graph cannot be quantized.
public enum QuantizationError: Error, Sendable, Hashable {
    /// The graph is not well formed, or what came of it is not.
    case graph(GraphError)
    /// These nodes have no integer form; all of them.
    case unsupported([QuantizationProblem])
    /// The calibration is that of another graph.
    case calibrationMismatch(tensors: Int, expected: Int)
    /// No calibration sample reached a tensor.
    case notCalibrated(tensor: String)
    /// A weight or another constant is NaN or infinite.
    case constantNotFinite(tensor: String)
    /// An input of bytes shares its scale with tensors that reach further.
    case inputNotExact(port: String)
    /// The graph could not be computed on a kept sample.
    case interpreter(InterpreterError)
}

extension QuantizationError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .graph(let error): "\(error)"
        case .unsupported(let problems):
            "\(problems.count) node(s) have no integer form: "
                + problems.map(\.description).joined(separator: "; ")
        case .calibrationMismatch(let tensors, let expected):
            "the calibration knows \(tensors) tensors, but the graph has \(expected)"
        case .notCalibrated(let tensor): "no calibration sample reached tensor '\(tensor)'"
        case .constantNotFinite(let tensor): "constant '\(tensor)' holds NaN or infinity"
        case .inputNotExact(let port):
            "input '\(port)' of bytes is padded or joined with values beyond its own range; "
                + "declare it as float32"
        case .interpreter(let error): "\(error)"
        }
    }
}
