import InferenceRuntime
import ModelGraph

// The rarer operators of two inputs.
extension Lowering {
    /// Positive and negative side have factors of their own (5.7), in single precision.
    mutating func lowerPrelu() throws(PlanFault) {
        let (x, slope, y) = (try input(0), try input(1), output())
        let scales = [x, slope, y].map { program.values[$0].scale }
        let positive = try provedFactor(Double(scales[0] / scales[2]))
        let negative = try FixedPoint.scaleFactor(Double(scales[0] * scales[1] / scales[2]))
        try FixedPoint.proveShift(negative, bound: 255 * 255)
        let none = ScaleFactor(multiplier: 0, exponent: 0)
        try emitBinary(.prelu, x, slope, y, (positive, negative, none), .none, kind: 0)
    }

    /// The reference's squared_difference.cc: as an addition, with 7 bits of headroom.
    mutating func lowerSquaredDifference(_ activation: Activation) throws(PlanFault) {
        let (a, b, y) = (try input(0), try input(1), output())
        let scales = [a, b, y].map { Double(program.values[$0].scale) }
        let twice = 2 * max(scales[0], scales[1])
        let factors = (
            a: try FixedPoint.scaleFactor(scales[0] / twice),
            b: try FixedPoint.scaleFactor(scales[1] / twice),
            output: try FixedPoint.scaleFactor(twice * twice / (0x1p14 * scales[2]))
        )
        // Each operand is at most 255 * 2^7 / 2, so the square is below 2^30.
        try FixedPoint.proveShift(factors.output, bound: 1 << 30)
        try emitBinary(.squaredDifference, a, b, y, factors, activation, kind: 0)
    }

    /// The reference's div.cc: the ratio of scales is that of single precision.
    mutating func lowerDivide(_ activation: Activation) throws(PlanFault) {
        let (a, b, y) = (try input(0), try input(1), output())
        let scales = [a, b, y].map { program.values[$0].scale }
        let factor = try FixedPoint.scaleFactor(Double(scales[0] / (scales[1] * scales[2])))
        let none = ScaleFactor(multiplier: 0, exponent: 0)
        try emitBinary(.divide, a, b, y, (none, none, factor), activation, kind: 0)
    }

    /// Any other operator of two inputs: the output byte of every pair of bytes.
    ///
    /// The real result is rounded half away from zero; where there is none, as for a root of a
    /// negative number, the table holds the zero point.
    mutating func lowerPairTable(
        _ kind: BinaryOperator,
        _ activation: Activation
    ) throws(PlanFault) {
        let (a, b, y) = (try input(0), try input(1), output())
        let (left, right, target) = (program.values[a], program.values[b], program.values[y])
        let bounds = clamp(activation, y)
        var table = [UInt8](repeating: 0, count: 65536)
        for first in 0..<256 {
            let x = left.real(of: UInt8(first))
            for second in 0..<256 {
                let real = kind.value(x, right.real(of: UInt8(second)))
                let steps = (real / Double(target.scale)).rounded(.toNearestOrAwayFromZero)
                let limited = steps.isNaN ? 0 : Int32(min(max(steps, -0x1p20), 0x1p20))
                let stored = min(max(limited + target.zeroPoint, bounds.low), bounds.high)
                table[256 * first + second] = UInt8(truncatingIfNeeded: stored)
            }
        }
        let none = ScaleFactor(multiplier: 0, exponent: 0)
        let factors = (none, none, none)
        try emitBinary(.lookupPair, a, b, y, factors, .none, kind: 0, constants: table)
    }

    /// Everything from `b`, then what the condition selects from `a` over it.
    mutating func lowerSelect() throws(PlanFault) {
        let y = output()
        let (a, b) = (
            try requantized(try input(1), like: y), try requantized(try input(2), like: y)
        )
        try copyBroadcast(b, to: y)
        let none = ScaleFactor(multiplier: 0, exponent: 0)
        let factors = (none, none, none)
        try emitBinary(.moveSelected, try input(0), a, y, factors, .none, kind: 0)
    }
}

extension LoweredValue {
    /// The real number of a stored int8.
    fileprivate func real(of byte: UInt8) -> Double {
        Double(scale) * Double(Int32(Int8(bitPattern: byte)) - zeroPoint)
    }
}
