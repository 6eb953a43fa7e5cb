import ModelGraph

extension Graph {
    /// The states of a graph: what a value that lives on means must not change from one inference
    /// to the next, and no pass keeps that yet.
    func stateProblems() -> [QuantizationProblem] {
        states.map { state in
            QuantizationProblem(
                node: state.name,
                operatorName: "state",
                reason: "it lives from one inference to the next",
                advice: "convert the model with full integer quantization (int8)"
            )
        }
    }

    /// All states and nodes that have no integer form, each with what to try.
    func integerProblems() -> [QuantizationProblem] {
        stateProblems()
            + nodes.compactMap { node in
                integerProblem(of: node).map { reason, advice in
                    QuantizationProblem(
                        node: node.name,
                        operatorName: node.operator.name,
                        reason: reason,
                        advice: advice
                    )
                }
            }
    }

    private func integerProblem(of node: Node) -> (reason: String, advice: String)? {
        if let problem = operatorProblem(of: node) { return problem }
        for (place, input) in node.inputs.enumerated() {
            guard let input, self[input].type != .float32 else { continue }
            if node.operator.takesIntegers(at: place), self[input].constant != nil { continue }
            return (
                "it reads '\(self[input].name)' of type \(self[input].type.rawValue)",
                "only float32 tensors are quantized; fold or cut the integer part"
            )
        }
        return nil
    }

    private func operatorProblem(of node: Node) -> (reason: String, advice: String)? {
        switch node.operator {
        case .convolution2D, .depthwiseConvolution2D, .fullyConnected, .transposeConvolution2D:
            let isConstant = node.inputs.dropFirst().allSatisfy {
                $0.map { self[$0].constant != nil } ?? true
            }
            if isConstant { return nil }
            return ("its weights are computed", "freeze the weights before export")
        case .layerNormalization:
            let isConstant = node.inputs.dropFirst().allSatisfy {
                $0.map { self[$0].constant != nil } ?? true
            }
            if isConstant { return nil }
            return ("its scale is computed", "freeze scale and bias before export")
        case .unary(.leakyRelu(let alpha)) where !(alpha >= 0):
            return ("its slope is \(alpha)", "use a slope of at least 0")
        case .quantize, .dequantize, .requantize:
            return ("the model is partly quantized", "export it in float, or fully quantized")
        case .longShortTermMemory:
            return (
                "a recurrent layer is quantized by its exporter only",
                "convert it with int8 recurrent layers, or unroll it"
            )
        default: return nil
        }
    }
}

extension Operator {
    /// Whether an input holds indices or truth values, which stay integers.
    fileprivate func takesIntegers(at place: Int) -> Bool {
        switch self {
        case .gather: place == 1
        case .select: place == 0
        default: false
        }
    }
}
