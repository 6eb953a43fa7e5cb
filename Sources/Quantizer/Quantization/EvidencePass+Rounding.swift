import ModelGraph

// Weights are rounded anew for the inputs that their product really gets.
extension EvidencePass {
    /// Rounds the weights of a product so that its errors cancel on the samples, where that is
    /// feasible; others stay rounded to nearest.
    mutating func compensateRounding(_ index: Int, truth: Node) {
        let node = quantizer.graph.nodes[index]
        guard let x = node.inputs[0], let id = node.inputs[1] else { return }
        let shape = quantizer.graph[id].shape
        let samples = values.compactMap { $0[x.index] }
        let channels = quantizer.graph[x].shape.last ?? 1
        let (rows, problemCount, outputCount): (ProductRows, Int, Int)
        switch node.operator {
        case .convolution2D(let window, _):
            let geometry = geometry(node, window, shape)
            rows = ProductRows(samples, geometry, depth: shape[3])
            (problemCount, outputCount) = (channels / shape[3], shape[0])
        case .depthwiseConvolution2D(let window, _, _):
            rows = ProductRows(samples, geometry(node, window, shape), depth: 1)
            (problemCount, outputCount) = (channels, shape[3])
        case .fullyConnected:
            rows = ProductRows(dense: samples, depth: shape[1])
            (problemCount, outputCount) = (1, shape[0])
        default: return
        }
        guard rows.elementCount <= CompensatedRounding.depthMax else { return }
        let problems = Computation.onAllCores(problemCount) { problem in
            CompensatedRounding(
                rows: rows.rows(from: problem * rows.depth),
                depth: rows.elementCount
            )
        }
        quantizer.roundWeights(ofNode: index, truth: truth) { output in
            problems[output / (outputCount / problemCount)]
        }
    }

    private func geometry(_ node: Node, _ window: Window2D, _ weights: [Int]) -> WindowGeometry {
        let image = node.inputs[0].map { quantizer.graph[$0].shape } ?? []
        let output = quantizer.graph[node.outputs[0]].shape
        return WindowGeometry(image, output, window, weights[1], weights[2])
    }
}

/// What a product multiplies its weights with: windows of images, or rows of matrices.
private struct ProductRows: Sendable {
    private let samples: [FloatTensor]
    private let geometry: WindowGeometry?
    /// The channels under a tap that one output reads.
    let depth: Int
    /// The elements of a row.
    let elementCount: Int
    private let rowCount: Int

    init(_ samples: [FloatTensor], _ geometry: WindowGeometry, depth: Int) {
        self.samples = samples
        self.geometry = geometry
        self.depth = depth
        elementCount = geometry.tapCount * depth
        rowCount = geometry.windowCount
    }

    init(dense samples: [FloatTensor], depth: Int) {
        self.samples = samples
        geometry = nil
        self.depth = depth
        elementCount = depth
        rowCount = (samples.first?.values.count ?? 0) / max(1, depth)
    }

    /// Rows spread evenly over all samples, `[count][elementCount]`, of the channels from `first`.
    func rows(from first: Int) -> [Double] {
        let total = samples.count * rowCount
        let step = max(
            1,
            (total + CompensatedRounding.rowCountMax - 1) / CompensatedRounding.rowCountMax
        )
        var result = [Double](repeating: 0, count: (total + step - 1) / step * elementCount)
        var start = 0
        for index in stride(from: 0, to: total, by: step) {
            let (sample, row) = index.quotientAndRemainder(dividingBy: rowCount)
            let tensor = samples[sample]
            if let geometry {
                let channels = tensor.shape[3]
                geometry.forEachTap(of: row) { tap, pixel in
                    for k in 0..<depth {
                        result[start + tap * depth + k] =
                            Double(tensor.values[pixel * channels + first + k])
                    }
                }
            } else {
                for k in 0..<depth { result[start + k] = Double(tensor.values[row * depth + k]) }
            }
            start += elementCount
        }
        return result
    }
}
