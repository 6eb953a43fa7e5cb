import CKernels

// Operators of int16 activations whose rules are not those of int8. Their zero points are 0, as
// those of every int16 tensor are.
extension OperatorCheck {
    /// Sums of up to 2^24 products of up to 2^22, and a bias of up to 2^46.
    func requireWideChannels(
        _ count: Int32,
        taps: Int64,
        weightZero: Int32,
        _ rounding: Int32
    ) throws(ProgramError) {
        try require(weightZero == 0, .zeroPointMatches, Int64(weightZero))
        let isDense = opcode == .fullyConnectedInt16
        let expected: Rounding = isDense ? .halfAway : .narrow
        try require(rounding == expected.rawValue, .roundingKnown, Int64(rounding))
        try require(taps <= OperatorLimits.wideTapsMax, .accumulatorFits, taps)
        let channels = Int64(count)
        try requireBlocks(weights: channels * taps, scales: channels * 8, constants: channels * 8)
        let sections = program.sections
        for channel in 0..<Int(count) {
            let factor = Int(record.scales.offset) + channel * 8
            try requireFactor(
                sections.scales.signedWord(at: factor),
                sections.scales.signedWord(at: factor + 4),
                exponents: -31...OperatorLimits.wideExponentMax
            )
            let place = Int(record.constants.offset) + channel * 8
            let high = Int64(sections.constants.signedWord(at: place + 4))
            let bias = high << 32 | Int64(sections.constants.word(at: place))
            let limit = OperatorLimits.wideBiasMax
            try require(bias >= -limit && bias <= limit, .biasInRange, bias)
        }
    }

    func checkSoftmaxInt16() throws(ProgramError) {
        let p = try parameters(as: martlet_softmax.self)
        try requireActivations()
        try elementCount([p.rows, p.depth, 1], is: a.elementCount)
        try require(output.elementCount == a.elementCount, .shapeMatches, output.elementCount)
        try require(p.depth, in: 1...OperatorLimits.wideSoftmaxDepthMax, .accumulatorFits)
        try requireFactor(p.scale.multiplier, p.scale.exponent)
        try require(p.difference_min == 0, .parameterInRange, Int64(p.difference_min))
        try requireBlocks(constants: 2 * OperatorLimits.interpolatedSizeBytes)
    }

    func checkLookupInt16() throws(ProgramError) {
        let p = try parameters(as: martlet_lookup.self)
        try requireActivations()
        try requireElements(p.count)
        try requireBlocks(constants: OperatorLimits.interpolatedSizeBytes)
    }

    func checkSigmoid() throws(ProgramError) {
        let p = try parameters(as: martlet_sigmoid.self)
        try requireActivations()
        try requireElements(p.count)
        try require(p.multiplier >= 0, .multiplierInRange, Int64(p.multiplier))
        try require(p.shift, in: 0...31)
        try require(p.kind, in: MARTLET_LOGISTIC...MARTLET_TANH)
        try requireBlocks(constants: 512)
    }

    func checkRescale() throws(ProgramError) {
        let p = try parameters(as: martlet_rescale.self)
        try requireStoredInteger(a.type)
        try requireStoredInteger(output.type)
        try require(Int(p.input_size) == a.type.sizeBytes, .parameterInRange, Int64(p.input_size))
        let size = Int64(p.output_size)
        try require(size == Int64(output.type.sizeBytes), .parameterInRange, size)
        try requireElements(p.count)
        try requireZeroPoints(input: p.input_zero, output: p.output_zero)
        try requireClamp(p.clamp_min, p.clamp_max, of: output.type)
        try requireFactor(p.scale.multiplier, p.scale.exponent)
        try requireFactor(p.negative_scale.multiplier, p.negative_scale.exponent)
        try requireBlocks()
    }

    func requireStoredInteger(_ type: ElementType) throws(ProgramError) {
        try require(type == .int8 || type == .int16, .elementType, Int64(type.rawValue))
    }

    private func requireElements(_ count: Int32) throws(ProgramError) {
        try require(Int64(count) == a.elementCount, .shapeMatches, Int64(count))
        try require(Int64(count) == output.elementCount, .shapeMatches, output.elementCount)
    }
}

extension OperatorLimits {
    /// Products of a sum of int16 and int8: with a bias of up to 2^46 it stays below 2^47.
    package static let wideTapsMax: Int64 = 1 << 24 - 1
    /// The magnitude of a bias beside int16 activations.
    package static let wideBiasMax: Int64 = 1 << 46
    /// The exponent of a factor of 64-bit sums.
    package static let wideExponentMax: Int32 = 7
    /// The elements of an int16 softmax row: each adds less than 2^15 to a sum below 2^30.
    package static let wideSoftmaxDepthMax: Int32 = 1 << 15
    /// The size of an interpolated function.
    static let interpolatedSizeBytes = Int64(2 * MARTLET_INTERPOLATED_ENTRIES)
}
