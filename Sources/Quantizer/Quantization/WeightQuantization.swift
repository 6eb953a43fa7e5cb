import ModelGraph

/// Weights and bias of one product as integers.
struct StoredProduct {
    /// int8, symmetric, one scale an output channel.
    let weights: Tensor
    /// int32 at the input's scale times the weights' scale.
    let bias: Tensor
    /// The channels whose scale was raised so that the bias fits.
    let raisedCount: Int
    /// Signal to noise of the weights.
    let weightNoise: SignalNoise

    /// The largest stored bias: a quarter of what an accumulator holds, so that the products have
    /// the rest.
    static let biasMax = Double(1 << 29)

    /// Quantizes weights symmetrically to `-127...127` for each output channel.
    ///
    /// `scale[c] = max|w[c]| / 127` in float32, raised where `|bias[c]| / (inputScale * scale[c])`
    /// would exceed `biasMax`; a channel without weights or bias has scale 1.
    init(
        _ product: ProductWeights,
        names: (weights: String, bias: String),
        shape: [Int],
        axis: Int,
        inputScale: Float
    ) {
        let wide = Double(inputScale)
        var raised = 0
        let scales = zip(product.outputReach, product.bias).map { reach, bias -> Float in
            let fitting = Double(reach) / 127
            let needed = abs(Double(bias)) / (wide * StoredProduct.biasMax)
            if needed > fitting, reach > 0 { raised += 1 }
            let scale = max(fitting, needed)
            return scale > 0 ? Float(max(scale, StoredRange.stepMin)) : 1
        }
        raisedCount = raised
        var noise = SignalNoise()
        let inner = axis == 0 ? shape.dropFirst().reduce(1, *) : 1
        let stored = product.values.enumerated().map { index, value -> UInt8 in
            let scale = Double(scales[index / inner % scales.count])
            let steps = (Double(value) / scale).rounded(.toNearestOrAwayFromZero)
            let clamped = max(-127, min(127, steps))
            noise.add(Double(value), clamped * scale)
            return UInt8(bitPattern: Int8(clamped))
        }
        weightNoise = noise
        weights = Tensor(
            name: names.weights,
            shape: shape,
            type: .int8,
            quantization: Quantization(
                scales: scales,
                zeroPoints: [Int32](repeating: 0, count: scales.count),
                axis: axis
            ),
            constant: stored
        )
        bias = Tensor(
            name: names.bias,
            shape: [scales.count],
            type: .int32,
            constant: StoredProduct.biasBytes(
                zip(product.bias, scales).map { Double($0) / (wide * Double($1)) }
            )
        )
    }

    /// int32 words of a bias in steps, rounded and kept within `biasMax`.
    static func biasBytes(_ steps: [Double]) -> [UInt8] {
        steps.flatMap { step -> [UInt8] in
            let rounded = step.rounded(.toNearestOrAwayFromZero)
            let word = UInt32(bitPattern: Int32(max(-biasMax, min(biasMax, rounded))))
            return [0, 8, 16, 24].map { UInt8(word >> UInt32($0) & 0xFF) }
        }
    }
}
