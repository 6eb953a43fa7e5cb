public import ModelGraph

/// What a caller gives at one input, and what is done to it before the model's first operator.
public struct RawInput: Sendable, Hashable, Codable {
    /// Where `(raw * scale - mean) / std` is computed.
    public enum Place: String, Sendable, Hashable, Codable {
        /// On the device, as part of the integer model.
        case device
        /// By whoever quantizes real numbers for the input: each feature has its own scale.
        case caller
    }

    /// The input's name.
    public let name: String
    /// What was declared.
    public let declared: InputPreprocessing
    /// Where it is computed.
    public let place: Place
    /// Offset and factor of each channel.
    public let transform: ChannelTransform
}

/// A float graph that takes raw numbers.
public struct PreprocessedGraph: Sendable {
    /// The graph; an input that takes bytes has the external type uint8 or int8.
    public let graph: Graph
    /// What callers give, for each input of the graph; `nil` where nothing was declared.
    public let inputs: [RawInput?]
    /// What was done, and why.
    public let decisions: [Decision]
}

/// Puts declared preprocessing in front of a float graph.
///
/// Each declaration becomes a subtraction and a multiplication with constants, behind a transpose
/// where the layout changes, so that the graph takes raw numbers; `prepareForQuantization` then
/// folds them into the first layer where that is exact. Real numbers whose means and
/// spans are such that one int8 scale would cost a feature more than a bit are left to the caller:
/// the quantization of the input standardises each feature with a scale of its own, and the graph
/// stays as it is.
///
/// - Parameters:
///   - declarations: at most one for each input.
///   - graph: a valid float graph.
/// - Returns: the graph that takes raw numbers.
/// - Throws: `PreprocessingError` for a declaration that does not fit the graph.
public func prepending(
    _ declarations: [InputPreprocessing],
    to graph: Graph
) throws(PreprocessingError) -> PreprocessedGraph {
    var rewrite = GraphRewrite(graph)
    var inputs = [RawInput?](repeating: nil, count: graph.inputs.count)
    for declared in declarations {
        let index = try graph.inputIndex(declared)
        let name = graph.inputs[index].name
        guard inputs[index] == nil else { throw .repeatedInput(name) }
        inputs[index] = try rewrite.prepend(declared, at: index)
    }
    return PreprocessedGraph(graph: rewrite.graph, inputs: inputs, decisions: rewrite.decisions)
}

extension Graph {
    fileprivate func inputIndex(
        _ declared: InputPreprocessing
    ) throws(PreprocessingError) -> Int {
        let known = inputs.map(\.name)
        guard let name = declared.input else {
            guard known.count == 1 else { throw .inputNotNamed(known: known) }
            return 0
        }
        guard let index = known.firstIndex(of: name) else {
            throw .unknownInput(name, known: known)
        }
        return index
    }
}

extension GraphRewrite {
    /// The coarseness up to which a raw input keeps one int8 scale: one bit of eight.
    private static let coarsenessMax = 2.0

    fileprivate mutating func prepend(
        _ declared: InputPreprocessing,
        at index: Int
    ) throws(PreprocessingError) -> RawInput {
        let port = graph.inputs[index]
        let tensor = graph[port.tensor]
        guard tensor.type == .float32, port.externalType == .float32 else {
            throw .inputNotFloat(port.name, type: tensor.type.rawValue)
        }
        var shape = tensor.shape
        if let layout = declared.layout {
            guard shape.count == 4 else {
                throw .layoutNeedsImages(input: port.name, shape: shape)
            }
            for (to, from) in layout.permutation.enumerated() { shape[from] = tensor.shape[to] }
        }
        let transform = try ChannelTransform(declared, name: port.name, shape: shape)
        let coarseness = transform.rawCoarseness
        let isCallers =
            declared.type == .float32 && declared.layout == nil
            && coarseness.factor > Self.coarsenessMax
        if isCallers {
            record(
                .kept,
                port.name,
                "standardised by the input's quantization, since one int8 scale over raw numbers "
                    + "would be \(Int(min(coarseness.factor, 1e9))) times coarser for channel "
                    + "\(coarseness.channel)"
            )
        } else {
            insert(transform, declared, at: index, shape: shape)
        }
        return RawInput(
            name: port.name,
            declared: declared,
            place: isCallers ? .caller : .device,
            transform: transform
        )
    }
}
