import Glibc
import InferenceRuntime
import ModelGraph

// Operators of one input: a table of 256 bytes, computed exactly here, looked up on the device.
extension Lowering {
    mutating func lowerUnary(_ kind: UnaryOperator) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        if program.values[x].type == .int16 { return try lowerUnaryInt16(kind, x, y) }
        let table: LookupTable
        switch kind {
        case .relu: table = try rescaling(x, y, clamp(.relu, y))
        case .relu6: table = try rescaling(x, y, clamp(.relu6, y))
        case .reluN1To1: table = try rescaling(x, y, clamp(.reluN1To1, y))
        case .leakyRelu(let alpha): table = try leakyRelu(x, y, alpha)
        case .hardSwish: table = try hardSwish(x, y)
        case .logistic: table = try sampled(x, y) { 1 / (1 + exp(-$0)) }
        case .tanh: table = try sampled(x, y) { tanh($0) }
        default: table = try evaluated(x, y, kind)
        }
        try lookUp(x, table, to: y)
    }

    mutating func lowerRequantize() throws(PlanFault) {
        let (x, y) = (try input(0), output())
        if hasInt16(x, y) { return try rescale(x, to: y) }
        try lookUp(x, try requantization(x, like: y), to: y)
    }

    /// `x` itself if it has the quantization of `y`, or a requantized temporary or constant.
    mutating func requantized(_ x: Int, like y: Int) throws(PlanFault) -> Int {
        guard !program.values[x].isQuantized(like: program.values[y]) else { return x }
        if hasInt16(x, y) { return try rescaled(x, like: y) }
        let table = try requantization(x, like: y)
        if table.isIdentity { return x }
        let result = temporary(".requantized", shape: program.values[x].shape, like: y)
        if let constant = program.values[x].constant {
            program.values[result].constant = constant.map { table.bytes[Int($0)] }
        } else {
            try lookUp(x, table, to: result)
        }
        return result
    }

    mutating func lookUp(_ x: Int, _ table: LookupTable, to y: Int) throws(PlanFault) {
        guard program.values[x].elementCount == program.values[y].elementCount else {
            throw .shapeMismatch("\(program.values[x].shape) to \(program.values[y].shape)")
        }
        let count = try word(program.values[x].elementCount, "the number of elements")
        emit(.lookup, [x], to: y, .lookup(count: count), constants: table.bytes)
    }

    // MARK: Tables

    /// Saturating change of scale and zero point (5.3).
    func requantization(_ x: Int, like y: Int) throws(PlanFault) -> LookupTable {
        let (source, target) = (program.values[x], program.values[y])
        let ratio = Double(source.scale) / Double(target.scale)
        let factor = try provedFactor(ratio)
        return LookupTable(from: source, to: target) { difference in
            FixedPoint.requantize(difference, factor)
        }
    }

    /// Relu and its kin (5.5): the ratio is that of single precision.
    private func rescaling(_ x: Int, _ y: Int, _ clamp: Clamp) throws(PlanFault) -> LookupTable {
        let (source, target) = (program.values[x], program.values[y])
        let factor = try provedFactor(Double(source.scale / target.scale))
        return LookupTable(from: source, to: target, clamp) { difference in
            FixedPoint.requantize(difference, factor)
        }
    }

    private func leakyRelu(_ x: Int, _ y: Int, _ alpha: Float) throws(PlanFault) -> LookupTable {
        let (source, target) = (program.values[x], program.values[y])
        // A negative slope has no fixed-point form.
        guard alpha >= 0 else { throw .ratioOutOfRange(Double(alpha)) }
        let identity = try provedFactor(Double(source.scale / target.scale))
        let slope = try provedFactor(Double(source.scale * alpha / target.scale))
        return LookupTable(from: source, to: target) { difference in
            FixedPoint.requantize(difference, difference >= 0 ? identity : slope)
        }
    }

    /// 16-bit lanes of the reference kernel, to the bit (5.8).
    private func hardSwish(_ x: Int, _ y: Int) throws(PlanFault) -> LookupTable {
        let (source, target) = (program.values[x], program.values[y])
        let high = source.scale / 128
        let output = try FixedPoint.scaleFactor(Double(high / target.scale))
        let relu = try FixedPoint.scaleFactor(Double(high / (3.0 / 32768)))
        guard output.exponent <= 0 else { throw .ratioOutOfRange(Double(high / target.scale)) }
        let outputMultiplier = HardSwish.narrow(output.multiplier)
        let reluMultiplier = HardSwish.narrow(relu.multiplier)
        return LookupTable(from: source, to: target) { difference in
            let lifted = difference * 128
            let product = HardSwish.highMultiply(lifted, outputMultiplier)
            var gate = lifted
            if relu.exponent > 0 {
                gate = HardSwish.saturate(gate, shiftedBy: relu.exponent - 1)
            }
            gate = HardSwish.highMultiply(gate, reluMultiplier)
            if relu.exponent > 0 { gate = HardSwish.saturate(gate, shiftedBy: 1) }
            if relu.exponent < 0 {
                gate = Int32(FixedPoint.roundingShift(Int64(gate), -relu.exponent))
            }
            gate = (gate + 32768) >> 1
            let result = gate * product / 32768
            return Int32(FixedPoint.roundingShift(Int64(result), -output.exponent))
        }
    }

    /// A function evaluated in single precision, as the reference fills its tables (5.9).
    private func sampled(
        _ x: Int,
        _ y: Int,
        _ function: (Float) -> Float
    ) throws(PlanFault) -> LookupTable {
        let (source, target) = (program.values[x], program.values[y])
        let inverse = 1 / target.scale
        return LookupTable(from: source, to: target) { difference in
            let steps = function(source.scale * Float(difference)) * inverse
            let rounded = steps.rounded(.toNearestOrAwayFromZero)
            return Int32(min(max(rounded, -0x1p20), 0x1p20))
        }
    }

    /// A function evaluated in double precision (5.9).
    ///
    /// Where it has no real value, as a logarithm below 0, the table holds the zero point.
    private func evaluated(
        _ x: Int,
        _ y: Int,
        _ function: UnaryOperator
    ) throws(PlanFault) -> LookupTable {
        let (source, target) = (program.values[x], program.values[y])
        return LookupTable(from: source, to: target) { difference in
            let real = function.value(at: Double(source.scale) * Double(difference))
            let steps = (real / Double(target.scale)).rounded(.toNearestOrAwayFromZero)
            return steps.isNaN ? 0 : Int32(min(max(steps, -0x1p20), 0x1p20))
        }
    }

    func provedFactor(_ ratio: Double) throws(PlanFault) -> ScaleFactor {
        let factor = try FixedPoint.scaleFactor(ratio)
        try FixedPoint.proveShift(factor, bound: 255)
        return factor
    }
}

/// The output byte of every input byte.
struct LookupTable {
    let bytes: [UInt8]

    /// Whether it changes no byte.
    var isIdentity: Bool { bytes.indices.allSatisfy { bytes[$0] == UInt8($0) } }

    /// Fills the table: `scaled` maps `q - z` to the output before its zero point is added.
    init(
        from source: LoweredValue,
        to target: LoweredValue,
        _ clamp: Clamp? = nil,
        _ scaled: (Int32) -> Int32
    ) {
        let range = target.type == .uint8 ? Clamp(low: 0, high: 255) : clamp ?? Clamp()
        bytes = (0..<256).map { index in
            let byte = UInt8(index)
            let stored = source.type == .uint8 ? Int32(byte) : Int32(Int8(bitPattern: byte))
            let result = Int64(scaled(stored - source.zeroPoint)) + Int64(target.zeroPoint)
            let clamped = min(max(result, Int64(range.low)), Int64(range.high))
            return UInt8(truncatingIfNeeded: clamped)
        }
    }
}

/// The 16-bit arithmetic of the reference's hard swish.
private enum HardSwish {
    static func narrow(_ multiplier: Int32) -> Int32 {
        multiplier >= .max - 1 << 15 ? 32767 : (multiplier + 1 << 15) >> 16
    }

    static func saturate(_ value: Int32, shiftedBy shift: Int32) -> Int32 {
        Int32(min(max(Int64(value) << Int64(shift), -32768), 32767))
    }

    /// The 16-bit doubling high multiply (2.2): truncating division after a nudge by the sign.
    static func highMultiply(_ a: Int32, _ b: Int32) -> Int32 {
        if a == -32768 && b == -32768 { return 32767 }
        let product = a * b
        return (product + (product >= 0 ? 1 << 14 : 1 - 1 << 14)) / (1 << 15)
    }
}
