import ModelGraph

// Pools and resizing.
extension NodeCall {
    /// The mean of the taps inside the image.
    func averagePool(
        _ height: Int,
        _ width: Int,
        _ window: Window2D,
        _ activation: Activation
    ) -> [Float] {
        pool(height, width, window) { values in
            activation.apply(values.reduce(0, +) / Double(values.count))
        }
    }

    func maxPool(
        _ height: Int,
        _ width: Int,
        _ window: Window2D,
        _ activation: Activation
    ) -> [Float] {
        pool(height, width, window) { values in
            activation.apply(values.max() ?? 0)
        }
    }

    private func pool(
        _ height: Int,
        _ width: Int,
        _ window: Window2D,
        _ combine: ([Double]) -> Double
    ) -> [Float] {
        let channels = outputShape[3]
        var result: [Float] = []
        result.reserveCapacity(outputCount)
        let geometry = WindowGeometry(x.shape, outputShape, window, height, width)
        geometry.forEachWindow { taps in
            for channel in 0..<channels {
                let values = taps.map { Double(x.values[$0.pixel * channels + channel]) }
                result.append(Float(combine(values)))
            }
        }
        return result
    }

    func resizeNearest(_ mapping: ResizeMapping) -> [Float] {
        let rows = ResizeAxis(from: x.shape[1], to: outputShape[1], mapping)
        let columns = ResizeAxis(from: x.shape[2], to: outputShape[2], mapping)
        return resized { row, column in
            let source = rows.nearest(row) * x.shape[2] + columns.nearest(column)
            return [(source, 1)]
        }
    }

    func resizeBilinear(_ mapping: ResizeMapping) -> [Float] {
        let rows = ResizeAxis(from: x.shape[1], to: outputShape[1], mapping)
        let columns = ResizeAxis(from: x.shape[2], to: outputShape[2], mapping)
        return resized { row, column in
            var parts: [(pixel: Int, weight: Double)] = []
            for (y, rowWeight) in rows.neighbours(row) {
                for (x, columnWeight) in columns.neighbours(column) {
                    parts.append((y * self.x.shape[2] + x, rowWeight * columnWeight))
                }
            }
            return parts
        }
    }

    /// Output pixels as weighted sums of input pixels.
    private func resized(_ parts: (Int, Int) -> [(pixel: Int, weight: Double)]) -> [Float] {
        let channels = x.shape[3]
        let imageSize = x.shape[1] * x.shape[2]
        var result: [Float] = []
        result.reserveCapacity(outputCount)
        for batch in 0..<outputShape[0] {
            for row in 0..<outputShape[1] {
                for column in 0..<outputShape[2] {
                    let sources = parts(row, column)
                    for channel in 0..<channels {
                        var sum = 0.0
                        for (pixel, weight) in sources {
                            let index = (batch * imageSize + pixel) * channels + channel
                            sum += weight * Double(x.values[index])
                        }
                        result.append(Float(sum))
                    }
                }
            }
        }
        return result
    }
}

/// One dimension of a resize: where an output coordinate lies in the input (fixed-point-spec, 7).
private struct ResizeAxis {
    let extent: Int
    let mapping: ResizeMapping
    let scale: Float

    init(from input: Int, to output: Int, _ mapping: ResizeMapping) {
        extent = input
        self.mapping = mapping
        let isAligned = mapping.alignCorners && output > 1
        scale = isAligned ? Float(input - 1) / Float(output - 1) : Float(input) / Float(output)
    }

    func nearest(_ index: Int) -> Int {
        let place = (Float(index) + (mapping.halfPixelCenters ? 0.5 : 0)) * scale
        let rule: FloatingPointRoundingRule =
            mapping.alignCorners ? .toNearestOrAwayFromZero : .down
        return max(0, min(Int(place.rounded(rule)), extent - 1))
    }

    func neighbours(_ index: Int) -> [(Int, Double)] {
        let half: Float = mapping.halfPixelCenters ? 0.5 : 0
        let place = (Float(index) + half) * scale - half
        let low = max(Int(place.rounded(.down)), 0)
        let high = min(low + 1, extent - 1)
        let weight = min(max(Double(place) - Double(low), 0), 1)
        return [(min(low, extent - 1), 1 - weight), (high, weight)]
    }
}
