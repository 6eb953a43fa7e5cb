import ModelGraph

extension UnaryOperator {
    /// The fused clamp that computes the same.
    fileprivate var activation: Activation? {
        switch self {
        case .relu: .relu
        case .relu6: .relu6
        case .reluN1To1: .reluN1To1
        case .clamp(low: 0, high: .infinity): .relu
        case .clamp(low: 0, high: 6): .relu6
        case .clamp(low: -1, high: 1): .reluN1To1
        default: nil
        }
    }
}

extension GraphRewrite {
    /// Fuses clamps into the operators that write what they clamp.
    mutating func fuseActivations() {
        var index = 0
        while index < graph.nodes.count {
            if fuseActivation(at: index) { removeNode(index) } else { index += 1 }
        }
    }

    private mutating func fuseActivation(at index: Int) -> Bool {
        let node = graph.nodes[index]
        guard case .unary(let kind) = node.operator, let activation = kind.activation,
            let input = node.inputs[0], soleReader(of: input) == index,
            let producer = graph.nodes.firstIndex(where: { $0.outputs.contains(input) }),
            graph.nodes[producer].operator.activation == Activation.none
        else { return false }
        graph.nodes[producer].operator = graph.nodes[producer].operator.with(activation)
        graph.nodes[producer].outputs = node.outputs
        record(.fused, node.name, "\(kind.name) into '\(graph.nodes[producer].name)'")
        return true
    }
}
