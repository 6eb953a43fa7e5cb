import InferenceRuntime

/// Fixed-point factors and arithmetic, exactly as the specification defines them (section 2).
///
/// The kernels have their own C form of the same formulas; this one computes tables and proofs.
enum FixedPoint {
    /// `ratio ≈ multiplier * 2^(exponent - 31)` with 2^30 <= multiplier < 2^31 (2.1).
    ///
    /// - Throws: `.ratioOutOfRange` if the exponent is above 30 or the ratio is not finite.
    static func quantizeMultiplier(_ ratio: Double) throws(PlanFault) -> ScaleFactor {
        guard ratio.isFinite, ratio >= 0 else { throw .ratioOutOfRange(ratio) }
        if ratio == 0 { return ScaleFactor(multiplier: 0, exponent: 0) }
        // significand in [1, 2) is twice the fraction of frexp.
        var exponent = Int(ratio.exponent) + 1
        var multiplier = Int64(
            (ratio.significand * 0x1p30).rounded(.toNearestOrAwayFromZero)
        )
        if multiplier == 1 << 31 {
            multiplier /= 2
            exponent += 1
        }
        if exponent < -31 { return ScaleFactor(multiplier: 0, exponent: 0) }
        guard exponent <= 31 else { throw .ratioOutOfRange(ratio) }
        return ScaleFactor(multiplier: Int32(multiplier), exponent: Int32(exponent))
    }

    /// A factor for the kernels that shift by `31 - exponent`, which must be at least 1.
    static func scaleFactor(_ ratio: Double) throws(PlanFault) -> ScaleFactor {
        let factor = try quantizeMultiplier(ratio)
        guard factor.exponent <= 30 else { throw .ratioOutOfRange(ratio) }
        return factor
    }

    /// round(a * b / 2^31), ties towards positive infinity for b >= 0 (2.2).
    static func doublingHighMultiply(_ a: Int32, _ b: Int32) -> Int32 {
        let product = Int64(a) * Int64(b)
        return Int32(truncatingIfNeeded: (product + 1 << 30) >> 31)
    }

    /// round(x / 2^shift), ties away from zero (2.3).
    static func roundingShift(_ x: Int64, _ shift: Int32) -> Int64 {
        guard shift > 0 else { return x }
        let half = Int64(1) << (shift - 1)
        return x >= 0 ? (x + half) >> shift : -((half - x) >> shift)
    }

    /// Mode `double` (2.4), for values that are proved not to leave 32 bits when shifted left.
    static func requantize(_ x: Int32, _ factor: ScaleFactor) -> Int32 {
        let shifted = x << max(factor.exponent, 0)
        let high = doublingHighMultiply(shifted, factor.multiplier)
        return Int32(roundingShift(Int64(high), max(-factor.exponent, 0)))
    }

    /// Proves that mode `double` loses nothing for accumulators up to `bound` in magnitude.
    static func proveShift(
        _ factor: ScaleFactor,
        bound: Int64,
        channel: Int = 0
    ) throws(PlanFault) {
        let shift = max(factor.exponent, 0)
        guard bound << shift < 1 << 31, bound < 1 << 31 else {
            throw .scaledAccumulatorMayOverflow(
                channel: channel,
                bound: bound,
                exponent: factor.exponent
            )
        }
    }
}
