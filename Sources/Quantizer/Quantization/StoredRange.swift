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

    /// The symmetric int16 quantization of a range that holds 0.
    ///
    /// `scale = max(|low|, |high|) / 32767` in float32; the zero point is 0.
    static func wide(_ range: ClosedRange<Double>) -> Quantization {
        let reach = max(abs(range.lowerBound), abs(range.upperBound))
        guard reach > 0 else { return Quantization(scale: 1, zeroPoint: 0) }
        return Quantization(scale: Float(max(reach / 32_767, stepMin)), zeroPoint: 0)
    }

    /// The stored integers of a type of activations.
    static func limits(_ type: DataType) -> ClosedRange<Double> {
        type == .int16 ? -32_768...32_767 : -128...127
    }

    /// The real numbers that a per-tensor quantization reaches.
    static func reals(
        _ quantization: Quantization,
        _ type: DataType = .int8
    ) -> ClosedRange<Double> {
        let (scale, zero) = (Double(quantization.scales[0]), Double(quantization.zeroPoints[0]))
        let limits = limits(type)
        return scale * (limits.lowerBound - zero)...scale * (limits.upperBound - zero)
    }

    /// The stored integer nearest to a real number, ties away from zero, saturated.
    static func stored(
        _ real: Double,
        _ quantization: Quantization,
        _ type: DataType = .int8
    ) -> Int32 {
        let steps = (real / Double(quantization.scales[0])).rounded(.toNearestOrAwayFromZero)
        let shifted = steps + Double(quantization.zeroPoints[0])
        let limits = limits(type)
        return Int32(max(limits.lowerBound, min(limits.upperBound, shifted)))
    }

    /// The whole number nearest to a number below 2^51 in magnitude, ties away from zero.
    ///
    /// As `rounded(.toNearestOrAwayFromZero)`, without a call: adding and taking away `1.5 · 2^52`
    /// rounds ties to even, which are then mended.
    static func nearest(_ value: Double) -> Double {
        let magic = 0x1.8p52
        guard abs(value) < 0x1p51 else { return value.rounded(.toNearestOrAwayFromZero) }
        let even = (value + magic) - magic
        let rest = value - even
        if rest == 0.5, value > 0 { return even + 1 }
        if rest == -0.5, value < 0 { return even - 1 }
        return even
    }
}
