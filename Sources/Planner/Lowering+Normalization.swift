import InferenceRuntime
import ModelGraph

// Layer normalization and the logarithm of softmax.
extension Lowering {
    /// The factors of softmax, and the way back from Q5.26 to steps of the input (section 6).
    mutating func lowerLogSoftmax() throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let (source, target) = (program.values[x], program.values[y])
        guard target.scale == 1.0 / 16, target.zeroPoint == 127 else {
            throw .quantizationMismatch(
                "the logarithm of softmax needs an output scale of 1/16, zero point 127"
            )
        }
        let ratio = Double(source.scale) * 0x1p26
        let factor = try FixedPoint.quantizeMultiplier(min(ratio, 0x1p31 - 1))
        guard factor.exponent >= 1 else { throw .ratioOutOfRange(ratio) }
        let power = Double(sign: .plus, exponent: Int(factor.exponent), significand: 1)
        let reverse = try FixedPoint.scaleFactor(0x1p31 / power / Double(factor.multiplier))
        guard reverse.exponent <= 0 else { throw .ratioOutOfRange(ratio) }
        let depth = source.shape.last ?? 1
        emit(
            .logSoftmax,
            [x],
            to: y,
            .logSoftmax(
                rows: try word(source.elementCount / depth, "the number of rows"),
                depth: try word(
                    depth,
                    "the number of classes",
                    limit: OperatorLimits.softmaxDepthMax
                ),
                factor,
                reverse: reverse,
                differenceMin: Int32(-(31 * 0x1p26 / power).rounded(.down))
            )
        )
    }

    /// The constants of `layer_normalization.c`, whose comment has the formulas and bounds.
    mutating func lowerLayerNormalization(_ epsilon: Float) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let (source, target) = (program.values[x], program.values[y])
        let depth = source.shape.last ?? 1
        let count = try word(
            depth,
            "the number of normalized elements",
            limit: OperatorLimits.normalizedDepthMax
        )
        let variance = try fixedEpsilon(epsilon, depth: depth, scale: source.scale)
        let gains = try parameters(1, depth, target.scale, absent: 1)
        let biases = try parameters(2, depth, target.scale, absent: 0)
        let largest = gains.reduce(0) { max($0, abs($1)) }
        guard largest < 0x1p16 else { throw .ratioOutOfRange(largest) }
        // The largest gain below 2^30, after rounding too.
        let exponent = largest > 0 ? min(29 - Int(largest.exponent), 30) : 0
        let power = Double(sign: .plus, exponent: exponent, significand: 1)
        // A bias beyond this saturates the output whatever the gain.
        let limit = OperatorLimits.normalizedBiasMax(gainExponent: Int32(exponent))
        let words =
            gains.map { Int32(($0 * power).rounded(.toNearestOrAwayFromZero)) }
            + biases.map { bias in
                let steps = (bias * 0x1p16).rounded(.toNearestOrAwayFromZero)
                return Int32(min(max(steps, -Double(limit)), Double(limit)))
            }
        emit(
            .layerNormalization,
            [x],
            to: y,
            .layerNormalization(
                rows: try word(source.elementCount / depth, "the number of rows"),
                depth: count,
                outputZero: target.zeroPoint,
                varianceShift: variance.shift,
                epsilon: variance.epsilon,
                gainExponent: Int32(exponent)
            ),
            constants: words.littleEndianBytes
        )
    }

    /// `n² * epsilon / scale²` with as many bits of fraction as fit, an even number up to 16.
    private func fixedEpsilon(
        _ epsilon: Float,
        depth: Int,
        scale: Float
    ) throws(PlanFault) -> (epsilon: UInt64, shift: Int32) {
        let ratio = Double(depth) / Double(scale)
        let real = Double(epsilon) * ratio * ratio
        guard real.isFinite, real >= 0, real < 0x1p60 else { throw .ratioOutOfRange(real) }
        var (shift, power): (Int32, Double) = (16, 0x1p16)
        while real * power >= 0x1p60 {
            shift -= 2
            power /= 4
        }
        return (UInt64((real * power).rounded(.toNearestOrAwayFromZero)), shift)
    }

    /// A constant of one number a channel in steps of the output, from its real numbers.
    private func parameters(
        _ number: Int,
        _ depth: Int,
        _ scale: Float,
        absent: Double
    ) throws(PlanFault) -> [Double] {
        guard number < node.inputs.count, let id = node.inputs[number] else {
            return Array(repeating: absent / Double(scale), count: depth)
        }
        guard let values = graph[id].realValues(), values.count == depth,
            values.allSatisfy(\.isFinite)
        else { throw .shapeMismatch("'\(graph[id].name)' is not \(depth) finite constants") }
        return values.map { Double($0) / Double(scale) }
    }
}
