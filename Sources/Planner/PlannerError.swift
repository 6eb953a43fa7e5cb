public import InferenceRuntime

/// Why a graph cannot be planned.
public enum PlannerError: Error, Sendable, Hashable {
    /// All nodes that cannot be lowered, in the graph's order; never empty.
    case unsupported([PlanProblem])
    /// The arena is beyond the target's budget or the format's limit.
    case arenaTooLarge(sizeBytes: UInt64, limitBytes: UInt64)
    /// A section is beyond the format's limit.
    case sectionTooLarge(ProgramSection, sizeBytes: UInt64, limitBytes: UInt64)
    /// The planner wrote a program that the runtime refuses: a defect of the planner.
    case programRefused(ProgramError)
}

/// One node that cannot be lowered.
public struct PlanProblem: Sendable, Hashable {
    /// The node's name.
    public var node: String
    /// The node's operator.
    public var operatorName: String
    /// What stands in the way.
    public var fault: PlanFault
}

/// What stands in the way of lowering a node.
public enum PlanFault: Error, Sendable, Hashable {
    /// The sum of a channel could leave 31 bits: its taps, or the magnitude of its bias.
    case accumulatorMayOverflow(channel: Int, bound: Int64, limit: Int64)
    /// A scaled accumulator could leave 31 bits before it is rounded.
    case scaledAccumulatorMayOverflow(channel: Int, bound: Int64, exponent: Int32)
    /// A ratio of scales has no fixed-point form with an exponent of at most 30.
    case ratioOutOfRange(Double)
    /// A number of the geometry is beyond the runtime's limit.
    case parameterOutOfRange(String, value: Int, limit: Int)
    /// The shapes do not fit the operator.
    case shapeMismatch(String)
    /// Two tensors that must share scale and zero point do not.
    case quantizationMismatch(String)
    /// The runtime has no kernel for the operator.
    case noKernel
    /// The node should not occur in a quantized graph.
    case notInteger(String)
}

extension PlannerError: CustomStringConvertible {
    /// One line for each problem.
    public var description: String {
        switch self {
        case .unsupported(let problems): problems.map(\.description).joined(separator: "\n")
        case .arenaTooLarge(let size, let limit):
            "the arena needs \(size) bytes, more than the target's \(limit)"
        case .sectionTooLarge(let section, let size, let limit):
            "section \(section) has \(size) bytes, more than the format's \(limit)"
        case .programRefused(let error): "the runtime refuses the planned program: \(error)"
        }
    }
}

extension PlanProblem: CustomStringConvertible {
    /// The node and what stands in the way.
    public var description: String { "\(operatorName) '\(node)': \(fault)" }
}

extension PlanFault: CustomStringConvertible {
    /// What stands in the way, with the numbers.
    public var description: String {
        switch self {
        case .accumulatorMayOverflow(let channel, let bound, let limit):
            "the sum of output channel \(channel) may reach \(bound), beyond \(limit)"
        case .scaledAccumulatorMayOverflow(let channel, let bound, let exponent):
            "channel \(channel): \(bound) * 2^\(exponent) may leave 31 bits"
        case .ratioOutOfRange(let ratio): "the ratio of scales \(ratio) is out of range"
        case .parameterOutOfRange(let what, let value, let limit):
            "\(what) is \(value), beyond the limit of \(limit)"
        case .noKernel: "devices have no integer kernel for this operator yet"
        case .shapeMismatch(let detail), .quantizationMismatch(let detail), .notInteger(let detail):
            detail
        }
    }
}
