import Glibc
import InferenceRuntime
import ModelGraph

// Operators of one int16 input: a change of scale with bounds where that is exact, else a function
// sampled here and interpolated on the device.
extension Lowering {
    mutating func lowerUnaryInt16(
        _ kind: UnaryOperator,
        _ x: Int,
        _ y: Int
    ) throws(PlanFault) {
        switch kind {
        case .relu: try bound(x, y, clamp(.relu, y))
        case .relu6: try bound(x, y, clamp(.relu6, y))
        case .reluN1To1: try bound(x, y, clamp(.reluN1To1, y))
        case .clamp(let low, let high): try bound(x, y, stored(low, high, y))
        case .leakyRelu(let alpha): try leakyReluInt16(x, y, alpha)
        case .logistic where program.values[y].scale == 0x1p-15:
            try emitSigmoid(x, y, isTanh: false)
        case .tanh where program.values[y].scale == 0x1p-15: try emitSigmoid(x, y, isTanh: true)
        default: try interpolate(x, y, kind)
        }
    }

    /// Relu and its kin (5.5): the ratio is that of single precision.
    private mutating func bound(_ x: Int, _ y: Int, _ clamp: Clamp) throws(PlanFault) {
        let ratio = Double(program.values[x].scale / program.values[y].scale)
        try emitRescale(x, to: y, ratio, negative: ratio, clamp)
    }

    /// The stored integers of real bounds, which may be infinite.
    private func stored(_ low: Float, _ high: Float, _ y: Int) -> Clamp {
        let value = program.values[y]
        let range = Clamp(rangeOf: value.type)
        func stored(_ real: Float) -> Int32 {
            let steps = (Double(real) / Double(value.scale)).rounded(.toNearestOrAwayFromZero)
            return Int32(min(max(steps, Double(range.low)), Double(range.high)))
        }
        guard low <= high else { return range }
        return Clamp(low: stored(low), high: stored(high))
    }

    private mutating func leakyReluInt16(
        _ x: Int,
        _ y: Int,
        _ alpha: Float
    ) throws(PlanFault) {
        // A negative slope has no fixed-point form.
        guard alpha >= 0 else { throw .ratioOutOfRange(Double(alpha)) }
        let (source, target) = (program.values[x], program.values[y])
        try emitRescale(
            x,
            to: y,
            Double(source.scale / target.scale),
            negative: Double(source.scale * alpha / target.scale),
            Clamp(rangeOf: target.type)
        )
    }

    /// Logistic and tanh by their common table, whose step is 1/24 (6.4).
    private mutating func emitSigmoid(_ x: Int, _ y: Int, isTanh: Bool) throws(PlanFault) {
        let count = try word(program.values[x].elementCount, "the number of elements")
        let scale = program.values[x].scale
        // Scales of 2^-12 and 2^-11 are the table's own, but for a small difference.
        let logarithm = log2(Double(scale))
        let exponent = logarithm.rounded(.toNearestOrAwayFromZero)
        var shift: Int32 = 0
        var multiplier = Double(scale) * 4096 * 3
        if abs(logarithm - exponent) < 1e-3, exponent == -12 || exponent == -11 {
            multiplier = exponent == -12 ? 3 : 6
        } else {
            while multiplier <= 32767.0 / 2, shift <= 30 {
                shift += 1
                multiplier *= 2
            }
        }
        // The reference multiplies in 32 bits.
        guard multiplier < 65536 else { throw .ratioOutOfRange(multiplier) }
        var constants: [UInt8] = []
        for index in 0..<256 { constants.append(half: Self.sigmoidEntry(index)) }
        emit(
            .sigmoidInt16,
            [x],
            to: y,
            .sigmoid(count: count, multiplier: Int32(multiplier), shift: shift, isTanh: isTanh),
            constants: constants
        )
    }

    /// 2^16 * logistic(index / 24), moved by half the error that a straight line to the next entry
    /// has in its middle; the last entry is the largest.
    private static func sigmoidEntry(_ index: Int) -> UInt16 {
        guard index < 255 else { return .max }
        func curve(_ position: Double) -> Double { 65536 / (1 + exp(-position / 24)) }
        let position = Double(index)
        let (entry, next) = (curve(position), curve(position + 1))
        let error = curve(position + 0.5) - (entry + next) / 2
        return UInt16((entry + error / 2).rounded(.toNearestOrAwayFromZero))
    }

    /// A function sampled over all of the input's range.
    ///
    /// Where it has no real value, as a logarithm below 0, the table holds 0.
    private mutating func interpolate(
        _ x: Int,
        _ y: Int,
        _ function: UnaryOperator
    ) throws(PlanFault) {
        let (source, target) = (program.values[x], program.values[y])
        guard source.elementCount == target.elementCount else {
            throw .shapeMismatch("\(source.shape) to \(target.shape)")
        }
        let table = InterpolatedTable(
            inputScale: Double(source.scale),
            outputScale: Double(target.scale)
        ) { function.value(at: $0) }
        emit(
            .lookupInt16,
            [x],
            to: y,
            .lookup(count: try word(source.elementCount, "the number of elements")),
            constants: table.bytes
        )
    }
}

/// A function of an int16 as 513 entries 128 apart, between which the device interpolates.
struct InterpolatedTable {
    /// exp(x) for x in [-10, 0], an argument of 32767 meaning 0; in Q0.15.
    static let exponential = InterpolatedTable(
        inputScale: 10.0 / 65535,
        inputZero: 32767,
        outputScale: 2.0 / 65535
    ) { exp($0) }

    /// 1 / (1 + x) for x in [0, 1], an argument of -32768 meaning 0; in Q0.15.
    static let reciprocal = InterpolatedTable(
        inputScale: 1.0 / 65535,
        inputZero: -32768,
        outputScale: 2.0 / 65535
    ) { 1 / (1 + $0) }

    let entries: [Int16]

    /// Samples `function` at the ends of 512 equal steps of the input's range.
    ///
    /// Each entry but the last is moved by half the error that a straight line has in the middle
    /// of its step, so that the error is spread over both (6.3).
    init(
        inputScale: Double,
        inputZero: Int = 0,
        outputScale: Double,
        _ function: (Double) -> Double
    ) {
        let least = inputScale * Double(-32768 - inputZero)
        let most = inputScale * Double(32767 - inputZero)
        let step = (most - least) / 512
        let inverse = 65536 / (outputScale * 32767 - outputScale * -32768)
        func sample(_ x: Double) -> Double {
            let value = function(x) * inverse
            return value.isNaN ? 0 : min(max(value, -0x1p20), 0x1p20)
        }
        entries = (0...512).map { index in
            let value = sample(index == 512 ? most : least + Double(index) * step)
            let rounded = value.rounded(.toNearestOrAwayFromZero)
            guard index < 512 else { return Int16(min(max(rounded, -32768), 32767)) }
            let next = sample(least + Double(index + 1) * step)
            let middle = sample(least + Double(index) * step + step / 2)
            let line = ((next + rounded) / 2).rounded(.toNearestOrAwayFromZero)
            let error = line - middle.rounded(.toNearestOrAwayFromZero)
            let bias = (error / 2).rounded(.toNearestOrAwayFromZero)
            return Int16(min(max(rounded - bias, -32768), 32767))
        }
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for entry in entries { bytes.append(half: UInt16(bitPattern: entry)) }
        return bytes
    }
}
