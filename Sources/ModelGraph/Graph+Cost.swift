extension Graph {
    /// The multiply-accumulates of one inference: those of convolutions and dot products, padding
    /// counted as if it were image.
    ///
    /// The largest integer stands for itself and everything above.
    public var multiplyAccumulateCount: Int {
        nodes.reduce(0) { sum, node in
            let (total, overflow) = sum.addingReportingOverflow(multiplyAccumulateCount(of: node))
            return overflow ? .max : total
        }
    }

    /// The multiply-accumulates of one node of a graph whose operands were proved.
    public func multiplyAccumulateCount(of node: Node) -> Int {
        guard node.inputs.count >= 2, let weights = node.inputs[1], let output = node.outputs.first
        else { return 0 }
        let shape = self[weights].shape
        switch node.operator {
        case .convolution2D, .fullyConnected:
            return self[output].elementCount * shape.dropFirst().reduce(1, *)
        case .depthwiseConvolution2D:
            return self[output].elementCount * shape.dropFirst().dropLast().reduce(1, *)
        case .transposeConvolution2D:
            guard let input = node.inputs[0] else { return 0 }
            return self[input].elementCount * shape.dropLast().reduce(1, *)
        case .batchMatMul(let isTransposed, _):
            guard let left = node.inputs[0].map({ self[$0].shape }), left.count >= 2 else {
                return 0
            }
            return self[output].elementCount * left[left.count - (isTransposed ? 2 : 1)]
        case .longShortTermMemory:
            guard let input = node.inputs[0].flatMap({ self[$0].shape.last }),
                let units = shape.first
            else { return 0 }
            return 4 * self[output].elementCount * (input + units)
        default: return 0
        }
    }
}
