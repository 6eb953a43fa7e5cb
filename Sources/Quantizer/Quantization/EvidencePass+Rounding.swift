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
        let output = quantizer.graph[node.outputs[0]].shape
        let rows: ProductRows
        switch node.operator {
        case .convolution2D(let window, _):
            rows = ProductRows(
                samples,
                WindowGeometry(quantizer.graph[x].shape, output, window, shape[1], shape[2]),
                depth: shape[3]
            )
        case .depthwiseConvolution2D(let window, _, _):
            rows = ProductRows(
                samples,
                WindowGeometry(quantizer.graph[x].shape, output, window, shape[1], shape[2]),
                depth: 1
            )
        case .fullyConnected: rows = ProductRows(dense: samples, depth: shape[1])
        default: return
        }
        if case .depthwiseConvolution2D(_, let multiplier, _) = node.operator {
            let taps = shape[1] * shape[2]
            let problems = Computation.onAllCores(shape[3] / multiplier) { channel in
                CompensatedRounding(rows: rows.rows(from: channel), depth: taps)
            }
            quantizer.roundWeights(ofNode: index, truth: truth) { channel in
                problems[channel / multiplier]
            }
            return
        }
        let depth = rows.elementCount
        guard depth <= CompensatedRounding.depthMax else { return }
        let groups = (quantizer.graph[x].shape.last ?? 1) / max(1, shape[shape.count - 1])
        let problems = (0..<max(1, groups)).map { group in
            CompensatedRounding(rows: rows.rows(from: group * rows.depth), depth: depth)
        }
        let size = max(1, shape[0] / problems.count)
        quantizer.roundWeights(ofNode: index, truth: truth) { problems[$0 / size] }
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
