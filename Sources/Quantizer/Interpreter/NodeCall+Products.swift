import ModelGraph

// Dot products. Sums are in double precision, in the order taps, input channels.
extension NodeCall {
    func convolution(_ window: Window2D, _ activation: Activation) -> [Float] {
        let weights = operand(1)
        let (channels, outputs) = (x.shape[3], weights.shape[0])
        let packed = packed ?? PackedWeights(weights, for: node.operator, input: x.shape)
        let depth = weights.shape[3]
        let groups = channels / depth
        let size = outputs / groups
        let taps = weights.shape[1] * weights.shape[2]
        return windows(window, weights.shape[1], weights.shape[2], activation) { sums, tap, pixel in
            packed.values.withUnsafeBufferPointer { all in
                for group in 0..<groups {
                    let first = (group * taps + tap) * depth * size
                    NodeCall.addProducts(
                        pixel,
                        group * depth..<(group + 1) * depth,
                        UnsafeBufferPointer(rebasing: all[first..<first + depth * size]),
                        to: UnsafeMutableBufferPointer(
                            rebasing: sums[group * size..<(group + 1) * size]
                        )
                    )
                }
            }
        }
    }

    func depthwise(_ window: Window2D, _ multiplier: Int, _ activation: Activation) -> [Float] {
        let weights = operand(1)
        let packed = packed ?? PackedWeights(weights, for: node.operator, input: x.shape)
        let outputs = weights.shape[3]
        return windows(window, weights.shape[1], weights.shape[2], activation) { sums, tap, pixel in
            packed.values.withUnsafeBufferPointer { all in
                let row = UnsafeBufferPointer(rebasing: all[tap * outputs..<(tap + 1) * outputs])
                if multiplier == 1 {
                    for channel in 0..<outputs {
                        sums[channel] += Double(pixel[channel]) * row[channel]
                    }
                } else {
                    for channel in 0..<outputs {
                        sums[channel] += Double(pixel[channel / multiplier]) * row[channel]
                    }
                }
            }
        }
    }

    /// Adds to each output channel the products of a range of input channels with their rows.
    private static func addProducts(
        _ pixel: UnsafeBufferPointer<Float>,
        _ channels: Range<Int>,
        _ rows: UnsafeBufferPointer<Double>,
        to sums: UnsafeMutableBufferPointer<Double>
    ) {
        let size = sums.count
        var start = 0
        for channel in channels {
            let value = Double(pixel[channel])
            for output in 0..<size { sums[output] += value * rows[start + output] }
            start += size
        }
    }

    /// Walks all windows of an image: `add` adds one pixel under one tap to the output channels.
    private func windows(
        _ window: Window2D,
        _ height: Int,
        _ width: Int,
        _ activation: Activation,
        _ add: (
            UnsafeMutableBufferPointer<Double>, Int, UnsafeBufferPointer<Float>
        ) -> Void
    ) -> [Float] {
        let geometry = WindowGeometry(x.shape, outputShape, window, height, width)
        let (channels, outputs) = (x.shape[3], outputShape[3])
        let start = biases(outputs)
        var sums = start
        var result: [Float] = []
        result.reserveCapacity(outputCount)
        x.values.withUnsafeBufferPointer { image in
            geometry.forEachWindow { taps in
                for index in 0..<outputs { sums[index] = start[index] }
                sums.withUnsafeMutableBufferPointer { sums in
                    for (tap, pixel) in taps {
                        let offset = pixel * channels
                        add(
                            sums,
                            tap,
                            UnsafeBufferPointer(rebasing: image[offset..<offset + channels])
                        )
                    }
                }
                for sum in sums { result.append(Float(activation.apply(sum))) }
            }
        }
        return result
    }

    private func biases(_ count: Int) -> [Double] {
        optional(2).map { $0.values.map(Double.init) } ?? [Double](repeating: 0, count: count)
    }

    func transposeConvolution(_ window: Window2D, _ activation: Activation) -> [Float] {
        let weights = operand(1)
        let packed = packed ?? PackedWeights(weights, for: node.operator, input: x.shape)
        let (outputs, channels) = (weights.shape[0], weights.shape[3])
        let start = biases(outputs)
        var sums = [Double](repeating: 0, count: outputCount)
        for pixel in 0..<outputCount / outputs {
            for output in 0..<outputs { sums[pixel * outputs + output] = start[output] }
        }
        let scatter = WindowGeometry(
            outputShape,
            x.shape,
            window,
            weights.shape[1],
            weights.shape[2]
        )
        var source = 0
        x.values.withUnsafeBufferPointer { image in
            packed.values.withUnsafeBufferPointer { all in
                sums.withUnsafeMutableBufferPointer { sums in
                    scatter.forEachWindow { taps in
                        let from = UnsafeBufferPointer(
                            rebasing: image[source * channels..<(source + 1) * channels]
                        )
                        for (tap, target) in taps {
                            let first = tap * channels * outputs
                            NodeCall.addProducts(
                                from,
                                0..<channels,
                                UnsafeBufferPointer(
                                    rebasing: all[first..<first + channels * outputs]
                                ),
                                to: UnsafeMutableBufferPointer(
                                    rebasing: sums[target * outputs..<(target + 1) * outputs]
                                )
                            )
                        }
                        source += 1
                    }
                }
            }
        }
        return sums.map { Float(activation.apply($0)) }
    }

    func fullyConnected(_ activation: Activation) -> [Float] {
        let weights = operand(1)
        let packed = packed ?? PackedWeights(weights, for: node.operator, input: x.shape)
        let (outputs, depth) = (weights.shape[0], weights.shape[1])
        let start = biases(outputs)
        var result: [Float] = []
        result.reserveCapacity(outputCount)
        x.values.withUnsafeBufferPointer { all in
            packed.values.withUnsafeBufferPointer { rows in
                for row in 0..<x.values.count / depth {
                    var sums = start
                    sums.withUnsafeMutableBufferPointer { sums in
                        NodeCall.addProducts(
                            UnsafeBufferPointer(rebasing: all[row * depth..<(row + 1) * depth]),
                            0..<depth,
                            rows,
                            to: sums
                        )
                    }
                    for sum in sums { result.append(Float(activation.apply(sum))) }
                }
            }
        }
        return result
    }
}
