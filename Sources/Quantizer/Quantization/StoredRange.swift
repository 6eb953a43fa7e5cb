import ModelGraph

/// Scales and zero points of 8-bit tensors from ranges of real numbers.
enum StoredRange {
    /// The smallest step: below it a tensor is as good as 0, and ratios of scales stay in reach of
    /// the fixed-point multipliers.
    static let stepMin = 0x1p-60

    /// The asymmetric int8 quantization of a range that holds 0 (fixed-point-spec, section 1).
    ///
    /// `scale = (high - low) / 255` in float32; the zero point is the integer nearest to
    /// `-128 - low / scale`, so that 0 is exactly representable.
    static func activation(_ range: ClosedRange<Double>) -> Quantization {
        let (low, high) = (min(range.lowerBound, 0), max(range.upperBound, 0))
        guard high > low else { return Quantization(scale: 1, zeroPoint: -128) }
        let scale = Float(max((high - low) / 255, stepMin))
        let zero = (-128 - low / Double(scale)).rounded(.toNearestOrAwayFromZero)
        return Quantization(scale: scale, zeroPoint: Int32(max(-128, min(127, zero))))
    }

    /// The real numbers that a per-tensor int8 quantization reaches.
    static func reals(_ quantization: Quantization) -> ClosedRange<Double> {
        let (scale, zero) = (Double(quantization.scales[0]), Double(quantization.zeroPoints[0]))
        return scale * (-128 - zero)...scale * (127 - zero)
    }

    /// The stored integer nearest to a real number, ties away from zero, saturated.
    static func stored(_ real: Double, _ quantization: Quantization) -> Int8 {
        let steps = (real / Double(quantization.scales[0])).rounded(.toNearestOrAwayFromZero)
        let shifted = steps + Double(quantization.zeroPoints[0])
        return Int8(max(-128, min(127, shifted)))
    }

    /// Real numbers rounded to those that stored integers stand for.
    static func rounded(_ values: [Float], _ quantization: Quantization) -> [Float] {
        let scale = Double(quantization.scales[0])
        let zero = Double(quantization.zeroPoints[0])
        return values.map { value in
            let steps = (Double(value) / scale).rounded(.toNearestOrAwayFromZero)
            // NaN would have no integer; maximum and minimum drop it.
            return Float(scale * Double.minimum(127 - zero, Double.maximum(-128 - zero, steps)))
        }
    }
}
