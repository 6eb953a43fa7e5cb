/// Conversion of host-side real numbers to and from the stored integers of a model's edge.
public enum EdgeQuantization {
    /// Quantizes one real number (fixed-point-spec, 5.4): `sat8(roundAway(x / scale) + zeroPoint)`
    /// with the quotient in float32.
    ///
    /// - Throws: `EdgeQuantizationError.notFinite` for NaN; infinities saturate.
    public static func quantize(
        _ value: Float,
        scale: Float,
        zeroPoint: Int32
    ) throws(EdgeQuantizationError) -> Int8 {
        guard !value.isNaN else { throw .notANumber }
        let steps = (value / scale).rounded(.toNearestOrAwayFromZero)
        // Beyond ±1024 every zero point saturates, so the conversion to Int32 cannot trap.
        let bounded = max(-1024, min(1024, steps))
        return Int8(clamping: Int32(bounded) + zeroPoint)
    }

    /// The real number of a stored integer: `scale * (stored - zeroPoint)` in float32.
    public static func dequantize(_ stored: Int32, scale: Float, zeroPoint: Int32) -> Float {
        scale * Float(stored - zeroPoint)
    }
}

/// Why a real number has no stored integer.
public enum EdgeQuantizationError: Error, Sendable, Hashable {
    /// The number is NaN.
    case notANumber
}
