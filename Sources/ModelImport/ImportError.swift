public import ModelGraph

/// Why bytes do not become a graph.
public enum ImportError: Error, Sendable, Hashable {
    /// The bytes are of no format that is imported.
    case unsupportedFormat(DetectedFormat)
    /// The file is larger than the limit.
    case modelTooLarge(sizeBytes: Int, limitBytes: Int)
    /// An offset, a table or a vector of the file does not hold together.
    case malformedFile(place: String, FlatBufferError)
    /// The bytes are no serialized message of the format, or one beyond the limits.
    case malformedMessage(detail: String)
    /// A part of the model names another part that does not exist.
    case indexOutOfRange(place: String, index: Int, count: Int)
    /// There are more parts of a kind than the limit, or fewer than one.
    case countOutOfRange(place: String, count: Int, limit: Int)
    /// Everything in the model that has no translation, complete, in the model's order.
    case unsupported([UnsupportedFeature])
    /// The translated graph breaks a rule that every graph keeps.
    case invalidGraph(GraphError)
}

/// What bytes look like that are not imported.
public enum DetectedFormat: String, Sendable, Hashable {
    /// A serialized ONNX `ModelProto`.
    case onnx
    /// A zip archive: Keras, PyTorch, Core ML or `.npz`.
    case zip
    /// An HDF5 file: an older Keras model.
    case hdf5
    /// None of these.
    case unknown
}

/// One operator, type or structure of a model that has no translation, and the way out.
public struct UnsupportedFeature: Sendable, Hashable {
    /// What kind of feature it is.
    public enum Kind: String, Sendable, Hashable {
        /// The operator itself is unknown here.
        case `operator`
        /// The operator is known, but not on these element types or quantizations.
        case type
        /// The operator is known, but not with these options.
        case option
        /// The shape of the model: subgraphs, dynamic dimensions, state.
        case structure
        /// The operator's shapes or operands contradict each other.
        case inconsistency
    }

    /// A tensor that the operator reads or writes.
    public struct Operand: Sendable, Hashable {
        /// The tensor's name in the model.
        public let name: String
        /// The source format's name of the element type.
        public let type: String
        /// The extents as the model states them.
        public let shape: [Int]
    }

    /// What kind of feature it is.
    public let kind: Kind
    /// The operator's position in the model; `nil` for a feature of the whole model.
    public let nodeIndex: Int?
    /// The operator's name in the source format; `nil` for a feature of the whole model.
    public let operatorName: String?
    /// What the operator reads and writes, outputs last.
    public let operands: [Operand]
    /// What stands in the way.
    public let reason: String
    /// What the owner of the model can do about it.
    public let help: String
}

extension UnsupportedFeature: CustomStringConvertible {
    /// The feature in one line: where, what, why, and the way out.
    public var description: String {
        let place = nodeIndex.map { "\(operatorName ?? "operator")#\($0)" } ?? "model"
        // Recurrent operators have two dozen operands; the first say enough.
        let shown = operands.prefix(4).map { "\($0.type)\($0.shape)" }
        let shapes = (shown + (operands.count > 4 ? ["..."] : [])).joined(separator: ", ")
        let written = operands.last.map { ", writes '\($0.name)'" } ?? ""
        let types = operands.isEmpty ? "" : " (\(shapes)\(written))"
        return "\(place)\(types): \(reason); \(help)"
    }
}

extension ImportError: CustomStringConvertible {
    /// What is wrong, and where; one line a feature when features are unsupported.
    public var description: String {
        switch self {
        case .unsupportedFormat(.onnx): "this looks like an ONNX model"
        case .unsupportedFormat(.zip), .unsupportedFormat(.hdf5):
            "this looks like a training framework's archive; export it as ONNX or TFLite"
        case .unsupportedFormat(.unknown):
            "the file is neither a TFLite model (TFL3 at byte 4) nor an ONNX model"
        case .modelTooLarge(let size, let limit):
            "the model has \(size) bytes, more than the limit of \(limit)"
        case .malformedFile(let place, let error):
            "the model is damaged in \(place): \(error)"
        case .malformedMessage(let detail): "the model is damaged: \(detail)"
        case .indexOutOfRange(let place, let index, let count):
            "the model is damaged: \(place) names number \(index) of \(count)"
        case .countOutOfRange(let place, let count, let limit):
            "the model has \(count) \(place), outside 1...\(limit)"
        case .unsupported(let features):
            "the model cannot be imported (reasons: \(features.count)):\n"
                + features.map { "  \($0)" }.joined(separator: "\n")
        case .invalidGraph(let error):
            "the model's graph is not valid: \(error)"
        }
    }
}
