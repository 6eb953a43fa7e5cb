import ModelGraph

/// Weights and bias of one product as integers.
struct StoredProduct {
    /// int8, symmetric, one scale an output channel.
    let weights: Tensor
    /// int32, or int64 beside 16-bit activations, at the input's scale times the weights' scale.
    let bias: Tensor
    /// The channels whose scale was raised so that the bias fits.
    let raisedCount: Int
    /// Signal to noise of the weights.
    let weightNoise: SignalNoise

    /// The largest stored bias: a quarter of what an accumulator holds, so that the products have
    /// the rest.
    static func biasMax(isWide: Bool) -> Double { isWide ? 0x1p45 : 0x1p29 }

    /// Quantizes weights symmetrically to `-127...127`, or to `-7...7`, for each output channel.
    ///
    /// `scale[c] = max|w[c]| / 127` in float32; of 4 bits the multiple of `max|w[c]| / 7` with the
    /// least squared error; raised where `|bias[c]| / (inputScale * scale[c])`
    /// would exceed the most; a channel without weights or bias has scale 1.
    init(
        _ product: ProductWeights,
        names: (weights: String, bias: String),
        shape: [Int],
        axis: Int,
        inputScale: Float,
        isWide: Bool = false,
        bits: Scheme.WeightBits = .eight
    ) {
        let wide = Double(inputScale)
        let largest = bits.largest
        let (scales, raised) = StoredProduct.scales(
            product,
            bits,
            biasUnitMax: wide * StoredProduct.biasMax(isWide: isWide)
        )
        raisedCount = raised
        var noise = SignalNoise()
        let inner = axis == 0 ? shape.dropFirst().reduce(1, *) : 1
        let stored = product.values.enumerated().map { index, value -> UInt8 in
            let scale = Double(scales[index / inner % scales.count])
            let steps = (Double(value) / scale).rounded(.toNearestOrAwayFromZero)
            let clamped = max(-largest, min(largest, steps))
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
            type: isWide ? .int64 : .int32,
            constant: StoredProduct.biasBytes(
                zip(product.bias, scales).map { Double($0) / (wide * Double($1)) },
                isWide: isWide
            )
        )
    }

    /// The scale of each output channel, and how many were raised so that their bias fits.
    ///
    /// - Parameters:
    ///   - product: weights and bias.
    ///   - bits: the bits of the weights.
    ///   - biasUnitMax: the largest bias at a scale of 1.
    /// - Returns: positive scales.
    private static func scales(
        _ product: ProductWeights,
        _ bits: Scheme.WeightBits,
        biasUnitMax: Double
    ) -> (scales: [Float], raisedCount: Int) {
        let shares = bits == .four ? product.leastErrorShares(largest: bits.largest) : []
        var raised = 0
        let scales = product.outputReach.enumerated().map { channel, reach -> Float in
            let fitting = Double(reach) * (shares.isEmpty ? 1 : shares[channel]) / bits.largest
            let needed = abs(Double(product.bias[channel])) / biasUnitMax
            if needed > fitting, reach > 0 { raised += 1 }
            let scale = max(fitting, needed)
            return scale > 0 ? Float(max(scale, StoredRange.stepMin)) : 1
        }
        return (scales, raised)
    }

    /// The words of a bias in steps, rounded and kept within what an accumulator has room for.
    static func biasBytes(_ steps: [Double], isWide: Bool) -> [UInt8] {
        let most = biasMax(isWide: isWide)
        return steps.flatMap { step -> [UInt8] in
            let rounded = step.rounded(.toNearestOrAwayFromZero)
            let word = Int64(max(-most, min(most, rounded)))
            return LittleEndian.lowBytes(of: word, count: isWide ? 8 : 4)
        }
    }
}

extension ProductWeights {
    /// For each output channel the share of its reach at which clipping and rounding to
    /// `-largest...largest` have the least squared error together, in steps of 1/32 from 1/2 on.
    fileprivate func leastErrorShares(largest: Double) -> [Double] {
        let shares = (16...32).map { Double($0) / 32 }
        let reaches = outputReach
        var errors = [[Double]](
            repeating: [Double](repeating: 0, count: shares.count),
            count: outputCount
        )
        for (index, value) in values.enumerated() {
            let channel = channels(of: index).output
            guard reaches[channel] > 0 else { continue }
            for (place, share) in shares.enumerated() {
                let step = Double(reaches[channel]) * share / largest
                let steps = (Double(value) / step).rounded(.toNearestOrAwayFromZero)
                let error = Double(value) - max(-largest, min(largest, steps)) * step
                errors[channel][place] += error * error
            }
        }
        return errors.map { row in
            // Of equal errors the widest range.
            let best = row.indices.reversed().min { row[$0] < row[$1] }
            return best.map { shares[$0] } ?? 1
        }
    }
}
