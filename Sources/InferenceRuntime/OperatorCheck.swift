/// One operator under validation: its record and tensors, and the rules that all operators share.
struct OperatorCheck {
    let program: Program
    let index: Int
    let record: OperatorRecord
    let opcode: Opcode
    /// The first and second input; the same when there is one.
    let a: TensorRecord
    let b: TensorRecord
    let output: TensorRecord

    func require(_ isKept: Bool, _ rule: OperatorRule, _ value: Int64 = 0) throws(ProgramError) {
        guard isKept else {
            throw .operatorInvalid(index: index, opcode: record.opcode, rule, value: value)
        }
    }

    func require(
        _ value: Int32,
        in range: ClosedRange<Int32>,
        _ rule: OperatorRule = .parameterInRange
    ) throws(ProgramError) {
        try require(range.contains(value), rule, Int64(value))
    }

    /// The parameter block as its C structure, after the rest of the record proved to be zero.
    func parameters<Value: BitwiseCopyable>(as type: Value.Type) throws(ProgramError) -> Value {
        try requireUnused(beyond: MemoryLayout<Value>.size)
        let parameters = program.operatorOffset(index) + ProgramFormat.parametersOffset
        return program.sections.program.value(at: parameters, as: type)
    }

    /// Outside of `parameters(as:)`, so that devices have it once and not once a structure.
    @inline(never)
    private func requireUnused(beyond sizeBytes: Int) throws(ProgramError) {
        let start = program.operatorOffset(index)
        let parameters = start + ProgramFormat.parametersOffset
        try program.checkReserved(start + 2..<start + 4)
        try program.checkReserved(start + 40..<parameters)
        try program.checkReserved(
            parameters + sizeBytes..<start + ProgramFormat.operatorSizeBytes
        )
    }

    /// A word of the parameter block.
    func parameter(_ word: Int) -> Int32 {
        let start = program.operatorOffset(index) + ProgramFormat.parametersOffset
        return program.sections.program.signedWord(at: start + 4 * word)
    }

    func requireTypes(_ input: ElementType, _ output: ElementType) throws(ProgramError) {
        try require(a.type == input, .elementType, Int64(a.type.rawValue))
        try require(b.type == input, .elementType, Int64(b.type.rawValue))
        try require(self.output.type == output, .elementType, Int64(self.output.type.rawValue))
    }

    /// The element type that the opcode computes on.
    var activation: ElementType { opcode.activation }

    func requireActivations() throws(ProgramError) { try requireTypes(activation, activation) }

    func requireClamp(_ low: Int32, _ high: Int32) throws(ProgramError) {
        try requireClamp(low, high, of: activation)
    }

    func requireClamp(
        _ low: Int32,
        _ high: Int32,
        of type: ElementType
    ) throws(ProgramError) {
        let most: Int32 = type == .int16 ? 32767 : 127
        try require(low, in: -most - 1...most, .clampInRange)
        try require(high, in: low...most, .clampInRange)
    }

    func requireRounding(_ raw: Int32, _ allowed: ClosedRange<Rounding>) throws(ProgramError) {
        try require(
            raw,
            in: allowed.lowerBound.rawValue...allowed.upperBound.rawValue,
            .roundingKnown
        )
    }

    func requireZeroPoints(input: Int32, output zero: Int32) throws(ProgramError) {
        try require(input == a.zeroPoint, .zeroPointMatches, Int64(input))
        try require(zero == output.zeroPoint, .zeroPointMatches, Int64(zero))
    }

    /// A factor that every rounding mode takes without a shift beyond its word.
    func requireFactor(
        _ multiplier: Int32,
        _ exponent: Int32,
        exponents: ClosedRange<Int32> = -31...30
    ) throws(ProgramError) {
        try require(multiplier >= 0, .multiplierInRange, Int64(multiplier))
        try require(exponent, in: exponents, .multiplierInRange)
    }

    /// `product` of the extents, all at least 1 and below 2^30, checked against `limit` stepwise.
    func elementCount(_ extents: [3 of Int32], is expected: Int64) throws(ProgramError) {
        var count: Int64 = 1
        for d in 0..<3 {
            try require(extents[d] >= 1, .parameterInRange, Int64(extents[d]))
            count *= Int64(extents[d])
            try require(count <= expected, .shapeMatches, count)
        }
        try require(count == expected, .shapeMatches, count)
    }

    func requireBlock(
        _ block: Block,
        of table: ByteTable,
        sizeBytes: Int64
    ) throws(ProgramError) {
        try require(Int64(block.sizeBytes) == sizeBytes, .blockSize, Int64(block.sizeBytes))
        let aligned = block.offset % UInt32(ProgramFormat.alignmentBytes) == 0
        try require(aligned, .blockAligned, Int64(block.offset))
        let end = Int64(block.offset) + Int64(block.sizeBytes)
        try require(end <= Int64(table.count), .blockWithinSection, end)
    }

    /// The sizes of the three blocks; 0 for one that the operator does not use.
    func requireBlocks(
        weights: Int64 = 0,
        scales: Int64 = 0,
        constants: Int64 = 0
    ) throws(ProgramError) {
        let sections = program.sections
        try requireBlock(record.weights, of: sections.weights, sizeBytes: weights)
        try requireBlock(record.scales, of: sections.scales, sizeBytes: scales)
        try requireBlock(record.constants, of: sections.constants, sizeBytes: constants)
    }

    /// The blocks of a convolution or dense product; every factor and bias is read once.
    ///
    /// The products of one sum are bounded by their number; with the bias they stay in 32 bits, or
    /// below 2^47 of int16 activations.
    func requireChannels(
        _ count: Int32,
        taps: Int64,
        weightZero: Int32,
        _ rounding: Int32
    ) throws(ProgramError) {
        guard activation == .int8 else {
            return try requireWideChannels(count, taps: taps, weightZero: weightZero, rounding)
        }
        try requireRounding(rounding, .double ... .halfAway)
        // Both factors of the weights' size are below 2^31.
        let channels = Int64(count)
        try requireBlocks(weights: channels * taps, scales: channels * 8, constants: channels * 4)
        try require(weightZero, in: -128...127)
        let bound = OperatorLimits.productMax(weightZero: weightZero)
        try require(taps <= OperatorLimits.accumulatorMax / bound, .accumulatorFits, taps)
        let biasMax = Int32(OperatorLimits.accumulatorMax - taps * bound)
        let sections = program.sections
        for channel in 0..<Int(count) {
            let factor = Int(record.scales.offset) + channel * 8
            try requireFactor(
                sections.scales.signedWord(at: factor),
                sections.scales.signedWord(at: factor + 4)
            )
            let bias = sections.constants.signedWord(at: Int(record.constants.offset) + channel * 4)
            try require(bias, in: -biasMax...biasMax, .biasInRange)
        }
    }
}

extension Rounding: Comparable {
    package static func < (a: Rounding, b: Rounding) -> Bool { a.rawValue < b.rawValue }
}

/// Limits of operators' parameters, chosen so that no kernel computes beyond 31 bits.
package enum OperatorLimits {
    /// Rows and columns of an image.
    package static let imageExtentMax: Int32 = 1 << 16
    /// Taps, strides, dilations and padding of a window in one dimension.
    package static let windowExtentMax: Int32 = 1 << 12
    /// Taps of a pooling window: 255 * 2^22 < 2^30, or 2^15 * 2^15 = 2^30.
    static func poolTapsMax(_ type: ElementType) -> Int64 { Int64(reducedMax(type)) }
    /// The elements that a mean reduces: 255 * 2^22 < 2^30, or 2^15 * 2^15 = 2^30.
    package static func reducedMax(_ type: ElementType) -> Int32 {
        type == .int16 ? 1 << 15 : 1 << 22
    }
    /// The magnitude of an accumulator, bias included.
    package static let accumulatorMax: Int64 = (1 << 31) - 1

    /// The largest `|w - zw| * |x - zx|` of int8 operands.
    package static func productMax(weightZero: Int32) -> Int64 {
        weightZero == 0 ? 128 * 255 : 255 * 255
    }

    /// The scale of a cell as a power of two; its hyperbolic tangent takes 0 to 6 integer bits.
    package static let cellExponents: ClosedRange<Int32> = -15 ... -9

    /// The elements of a softmax row: each adds at most 2^19 to a sum below 2^31.
    package static let softmaxDepthMax: Int32 = 4095
}
