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
        for case let input? in node.inputs where self[input].type != .float32 {
            return (
                "it reads '\(self[input].name)' of type \(self[input].type.rawValue)",
                "only float32 tensors are quantized; fold or cut the integer part"
            )
        }
        return nil
    }

    private func operatorProblem(of node: Node) -> (reason: String, advice: String)? {
        switch node.operator {
        case .convolution2D, .depthwiseConvolution2D, .fullyConnected:
            let isConstant = node.inputs.dropFirst().allSatisfy {
                $0.map { self[$0].constant != nil } ?? true
            }
            if isConstant { return nil }
            return ("its weights are computed", "freeze the weights before export")
        case .binary(.divide, _):
            return ("it divides by a tensor", "multiply by a constant, or cut it into the caller")
        case .binary(.power, _):
            return ("its exponent is a tensor", "use a constant exponent")
        case .binary(.squaredDifference, _):
            return ("its result is clamped", "clamp in a node of its own")
        case .binary, .averagePool2D, .maxPool2D, .softmax, .reshape, .transpose, .pad,
            .concatenation, .slice, .resizeBilinear, .resizeNearest, .argMax, .reduce(.mean, _, _):
            return nil
        case .unary(.leakyRelu(let alpha)) where !(alpha >= 0):
            return ("its slope is \(alpha)", "use a slope of at least 0")
        case .unary: return nil
        case .prelu: return ("its slope differs by channel", "train with LeakyRelu or Relu instead")
        case .reduce:
            return ("its axes are apart", "transpose first, so that they are neighbours")
        case .quantize, .dequantize, .requantize:
            return ("the model is partly quantized", "export it in float, or fully quantized")
        case .longShortTermMemory:
            return ("it is recurrent", "convert the model with full integer quantization (int8)")
        case .logSoftmax:
            return ("it has no integer kernel", "end the model with Softmax or with logits")
        case .layerNormalization:
            return ("it has no integer kernel", "use batch normalization, which folds away")
        case .batchMatMul:
            return ("both factors are computed", "only products with constants are supported")
        case .gather, .select, .broadcast, .tile, .transposeConvolution2D:
            return ("it has no integer kernel", "cut the model before it")
        }
    }
}
