import ModelGraph

/// A float graph in which some activations will have 16 bits, joined to the others by
/// requantizations, which are the identity on real numbers.
///
///     chosen: b                      b has 16 bits, all its neighbours compute in 16 bits
///
///     a ─ conv ─ b ─ conv ─ c        a ─ requantize ─ a' ─ conv ─ b ─ conv ─ c' ─ requantize ─ c
///
/// An operator computes on one width. It is wide when one of its activations is chosen; its other
/// activations then pass through a requantization. Operators without a 16-bit form get theirs in 8
/// bits. Whoever moves stored integers has the width of what it moves.
struct Widening {
    private(set) var graph: Graph
    private(set) var calibration: CalibrationTable
    /// The tensors that have 16 bits, constants among them.
    private(set) var wide: Set<Int>
    private(set) var decisions: [Decision] = []
    private var nodes: [Node] = []

    /// - Parameters:
    ///   - graph: a float graph, each of its activation constants read by one node.
    ///   - calibration: what was seen of its tensors.
    ///   - chosen: the tensors that get 16 bits; whole groups of one scale.
    init(_ graph: Graph, _ calibration: CalibrationTable, chosen: Set<Int>) {
        self.graph = graph
        self.calibration = calibration
        wide = chosen
        guard !chosen.isEmpty else { return }
        for node in graph.nodes { widen(node) }
        decisions = chosen.sorted().map { index in
            Decision(kind: .promoted, place: graph.tensors[index].name, reason: "to 16 bits")
        }
        self.graph.nodes = nodes
    }

    private mutating func widen(_ original: Node) {
        var node = original
        let output = node.outputs[0]
        if node.operator.keepsWidth {
            if wide.contains(output.index) {
                for case let id? in node.inputs where graph[id].constant != nil {
                    wide.insert(id.index)
                }
            }
            nodes.append(node)
            return
        }
        let places = node.activationPlaces.filter { isActivation(node.inputs[$0]) }
        let isChosen =
            wide.contains(output.index)
            || places.contains { node.inputs[$0].map { wide.contains($0.index) } ?? false }
        let computesWide = isChosen && node.operator.hasWideForm
        for place in places {
            guard let id = node.inputs[place], wide.contains(id.index) != computesWide else {
                continue
            }
            if graph[id].constant != nil {
                if computesWide { wide.insert(id.index) }
                continue
            }
            let other = copy(of: id, isWide: computesWide)
            join(id, other, name: "\(node.name).width\(place)")
            node.inputs[place] = other
        }
        guard computesWide, !wide.contains(output.index) else {
            nodes.append(node)
            return
        }
        let other = copy(of: output, isWide: true)
        node.outputs[0] = other
        nodes.append(node)
        join(other, output, name: "\(node.name).width")
    }

    private func isActivation(_ id: TensorID?) -> Bool {
        id.map { graph[$0].type == .float32 } ?? false
    }

    private mutating func join(_ from: TensorID, _ to: TensorID, name: String) {
        nodes.append(Node(name: name, operator: .requantize, inputs: [from], outputs: [to]))
    }

    /// A tensor that takes the same real numbers.
    private mutating func copy(of id: TensorID, isWide: Bool) -> TensorID {
        var tensor = graph[id]
        tensor.name += isWide ? ".int16" : ".int8"
        let copy = graph.add(tensor)
        calibration.alias(copy.index, to: id.index)
        if isWide { wide.insert(copy.index) }
        return copy
    }
}

extension Node {
    /// The inputs that hold activations, not parameters.
    fileprivate var activationPlaces: Range<Int> {
        0..<(self.operator.hasParameters ? min(1, inputs.count) : inputs.count)
    }
}

extension Operator {
    /// Whether inputs and output have one width, since stored integers move or are compared.
    fileprivate var keepsWidth: Bool { movesStoredIntegers || comparesStoredIntegers }

    /// Whether the planner has a form of the operator on 16-bit activations.
    var hasWideForm: Bool {
        switch self {
        case .convolution2D, .depthwiseConvolution2D, .fullyConnected, .unary, .softmax,
            .binary(.add, _), .binary(.subtract, _), .binary(.multiply, _), .reduce(.mean, _, _):
            true
        case .gather, .broadcast, .tile, .reduce: false
        default: keepsWidth
        }
    }
}
