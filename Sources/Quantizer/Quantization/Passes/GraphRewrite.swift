import ModelGraph

/// A float graph under rewriting, with the questions that every pass asks of it.
struct GraphRewrite {
    var graph: Graph
    private(set) var decisions: [Decision] = []

    init(_ graph: Graph) { self.graph = graph }

    mutating func record(_ kind: Decision.Kind, _ place: String, _ reason: String) {
        decisions.append(Decision(kind: kind, place: place, reason: reason))
    }

    // MARK: Edges

    /// The node that writes each tensor.
    func producers() -> [TensorID: Int] {
        var producers: [TensorID: Int] = [:]
        for (index, node) in graph.nodes.enumerated() {
            for output in node.outputs { producers[output] = index }
        }
        return producers
    }

    /// The one reader of a tensor that nothing else reads; `nil` for others.
    func soleReader(of id: TensorID) -> Int? {
        guard !graph.outputs.contains(where: { $0.tensor == id }) else { return nil }
        var reader: Int?
        for (index, node) in graph.nodes.enumerated() {
            for input in node.inputs where input == id {
                guard reader == nil else { return nil }
                reader = index
            }
        }
        return reader
    }

    // MARK: Constants

    /// The elements of a float32 constant.
    func reals(_ id: TensorID?) -> [Float]? {
        guard let id, graph[id].type == .float32 else { return nil }
        return graph[id].realValues()
    }

    /// The elements of a constant as one number a channel of a tensor whose last dimension is
    /// `channels`; `nil` when the constant varies along another dimension.
    func channelReals(_ id: TensorID?, channels: Int) -> [Float]? {
        guard let id, let values = reals(id) else { return nil }
        if values.count == 1 { return [Float](repeating: values[0], count: channels) }
        guard values.count == channels, graph[id].shape.last == channels else { return nil }
        return values
    }

    /// Adds a float32 constant.
    mutating func addConstant(_ values: [Float], shape: [Int], name: String) -> TensorID {
        let bytes = LittleEndian.bytes(values)
        return graph.add(Tensor(name: name, shape: shape, type: .float32, constant: bytes))
    }

    /// Adds an activation.
    mutating func addActivation(shape: [Int], name: String) -> TensorID {
        graph.add(Tensor(name: name, shape: shape, type: .float32))
    }

    // MARK: Nodes

    mutating func removeNode(_ index: Int) { graph.nodes.remove(at: index) }

    /// Puts nodes in the place of each node for which `replacement` gives some.
    mutating func replaceNodes(_ replacement: (inout GraphRewrite, Node) -> [Node]?) {
        let nodes = graph.nodes
        var result: [Node] = []
        for node in nodes {
            if let new = replacement(&self, node) { result += new } else { result.append(node) }
        }
        graph.nodes = result
    }
}

extension Operator {
    /// The clamp fused into the operator; `nil` where there is none to fuse.
    var activation: Activation? {
        switch self {
        case .convolution2D(_, let activation), .depthwiseConvolution2D(_, _, let activation),
            .transposeConvolution2D(_, let activation), .fullyConnected(let activation),
            .averagePool2D(_, _, _, let activation), .maxPool2D(_, _, _, let activation),
            .binary(_, let activation):
            activation
        default: nil
        }
    }

    /// The operator with another fused clamp.
    func with(_ activation: Activation) -> Operator {
        switch self {
        case .convolution2D(let window, _): .convolution2D(window, activation)
        case .depthwiseConvolution2D(let window, let multiplier, _):
            .depthwiseConvolution2D(window, depthMultiplier: multiplier, activation)
        case .transposeConvolution2D(let window, _): .transposeConvolution2D(window, activation)
        case .fullyConnected: .fullyConnected(activation)
        case .averagePool2D(let height, let width, let window, _):
            .averagePool2D(height: height, width: width, window, activation)
        case .maxPool2D(let height, let width, let window, _):
            .maxPool2D(height: height, width: width, window, activation)
        case .binary(let kind, _): .binary(kind, activation)
        default: self
        }
    }

    /// Whether the operator is a convolution or a dense product that has an integer kernel.
    var isProduct: Bool {
        switch self {
        case .convolution2D, .depthwiseConvolution2D, .fullyConnected, .transposeConvolution2D: true
        default: false
        }
    }
    /// Whether all inputs but the first are parameters, not activations.
    var hasParameters: Bool {
        if case .layerNormalization = self { return true }
        return isProduct
    }
}
