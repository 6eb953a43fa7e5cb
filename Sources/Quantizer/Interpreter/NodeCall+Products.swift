import ModelGraph

// Dot products, in double precision.
extension NodeCall {
    /// Each window is a row; its dot products with the weights are the output's channels.
    func convolution(_ window: Window2D, _ activation: Activation) -> [Float] {
        let shape = operand(1).shape
        let geometry = WindowGeometry(x.shape, outputShape, window, shape[1], shape[2])
        let (channels, depth) = (x.shape[3], shape[3])
        return products(rowCount: geometry.windowCount, activation) { row, group, line in
            x.values.withUnsafeBufferPointer { image in
                var count = 0
                geometry.forEachTap(of: row) { tap, pixel in
                    let start = pixel * channels + group * depth
                    for k in 0..<depth { line[tap * depth + k] = Double(image[start + k]) }
                    count += 1
                }
                guard count < geometry.tapCount else { return }
                geometry.forEachTapOutside(of: row) { tap in
                    for k in 0..<depth { line[tap * depth + k] = 0 }
                }
            }
        }
    }

    func fullyConnected(_ activation: Activation) -> [Float] {
        let depth = operand(1).shape[1]
        return products(rowCount: x.values.count / depth, activation) { row, _, line in
            x.values.withUnsafeBufferPointer { values in
                for k in 0..<depth { line[k] = Double(values[row * depth + k]) }
            }
        }
    }

    /// Elements of a block of widened rows: 64 KiB, to stay close to the core.
    private static var blockElementCount: Int { 1 << 13 }

    /// The dot products of rows with the packed weights of each group, plus bias, clamped.
    ///
    /// - Parameters:
    ///   - rowCount: the rows of the output, `[rows][channels]`.
    ///   - activation: the clamp.
    ///   - fill: writes a row's elements for a group.
    /// - Returns: the output's elements.
    private func products(
        rowCount: Int,
        _ activation: Activation,
        fill: (_ row: Int, _ group: Int, _ line: UnsafeMutablePointer<Double>) -> Void
    ) -> [Float] {
        let outputs = operand(1).shape[0]
        let bias = biases(outputs)
        return [Float](unsafeUninitializedCapacity: outputCount) { result, count in
            count = outputCount
            for (group, panels) in panels.enumerated() {
                let blockSize = max(2, min(64, NodeCall.blockElementCount / panels.depth))
                let block = UnsafeMutablePointer<Double>.allocate(
                    capacity: blockSize * panels.depth
                )
                defer { block.deallocate() }
                let first = group * panels.outputCount
                for start in stride(from: 0, to: rowCount, by: blockSize) {
                    let rows = min(blockSize, rowCount - start)
                    for row in 0..<rows { fill(start + row, group, block + row * panels.depth) }
                    panels.multiply(block, count: rows) { row, output, sums in
                        for lane in 0..<min(ProductPanels.laneCount, panels.outputCount - output) {
                            let channel = first + output + lane
                            let place = (start + row) * outputs + channel
                            result[place] = Float(activation.apply(sums[lane] + bias[channel]))
                        }
                    }
                }
            }
        }
    }

    func depthwise(_ window: Window2D, _ multiplier: Int, _ activation: Activation) -> [Float] {
        let weights = operand(1)
        let (rows, outputs) = (packedRows, weights.shape[3])
        let channels = x.shape[3]
        let geometry = WindowGeometry(
            x.shape,
            outputShape,
            window,
            weights.shape[1],
            weights.shape[2]
        )
        let start = biases(outputs)
        var sums = start
        var result: [Float] = []
        result.reserveCapacity(outputCount)
        geometry.forEachWindow { taps in
            for channel in 0..<outputs { sums[channel] = start[channel] }
            for (tap, pixel) in taps {
                let image = x.values[pixel * channels..<(pixel + 1) * channels]
                NodeCall.addProducts(image, rows[tap * outputs..<(tap + 1) * outputs], &sums)
            }
            for sum in sums { result.append(Float(activation.apply(sum))) }
        }
        return result
    }

    /// Adds to each output channel its input channel's element times a weight.
    private static func addProducts(
        _ pixel: ArraySlice<Float>,
        _ weights: ArraySlice<Double>,
        _ sums: inout [Double]
    ) {
        let multiplier = weights.count / pixel.count
        sums.withUnsafeMutableBufferPointer { sums in
            pixel.withUnsafeBufferPointer { pixel in
                weights.withUnsafeBufferPointer { weights in
                    if multiplier == 1 {
                        for index in 0..<sums.count {
                            sums[index] += Double(pixel[index]) * weights[index]
                        }
                    } else {
                        for index in 0..<sums.count {
                            sums[index] += Double(pixel[index / multiplier]) * weights[index]
                        }
                    }
                }
            }
        }
    }

    private func biases(_ count: Int) -> [Double] {
        optional(2).map { $0.values.map(Double.init) } ?? [Double](repeating: 0, count: count)
    }

    private var packedWeights: PackedWeights {
        packed ?? PackedWeights(operand(1), for: node.operator, input: x.shape)
    }

    private var panels: [ProductPanels] {
        if case .panels(let panels) = packedWeights { panels } else { [] }
    }

    private var packedRows: [Double] {
        if case .rows(let rows) = packedWeights { rows } else { [] }
    }

    /// Each input pixel adds its products with every tap to the outputs under them.
    func transposeConvolution(_ window: Window2D, _ activation: Activation) -> [Float] {
        let shape = operand(1).shape
        let (outputs, channels, rows) = (shape[0], shape[3], packedRows)
        let bias = biases(outputs)
        var sums = (0..<outputCount).map { bias[$0 % outputs] }
        let scatter = WindowGeometry(outputShape, x.shape, window, shape[1], shape[2])
        for source in 0..<scatter.windowCount {
            scatter.forEachTap(of: source) { tap, target in
                for channel in 0..<channels {
                    let value = Double(x.values[source * channels + channel])
                    let start = (tap * channels + channel) * outputs
                    for output in 0..<outputs {
                        sums[target * outputs + output] += value * rows[start + output]
                    }
                }
            }
        }
        return sums.map { Float(activation.apply($0)) }
    }
}
