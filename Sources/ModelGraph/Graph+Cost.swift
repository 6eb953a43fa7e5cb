extension Graph {
    /// The multiply-accumulates of one inference: those of convolutions and dot products, padding
    /// counted as if it were image.
    public var multiplyAccumulateCount: Int {
        nodes.reduce(0) { $0 + multiplyAccumulateCount(of: $1) }
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
        default: return 0
        }
    }
}
