import CKernels

extension Opcode {
    /// Whether the operator is one of `CKernelsRare.h` with two inputs.
    var isRarePair: Bool {
        switch self {
        case .prelu, .squaredDifference, .divide, .lookupPair, .moveSelected, .batchMatMul, .gather:
            true
        default: false
        }
    }
}

// The operators of `CKernelsRare.h`.
extension OperatorCheck {
    func checkRare() throws(ProgramError) {
        switch opcode {
        case .prelu, .squaredDifference, .divide, .lookupPair, .moveSelected: try checkBinary()
        case .batchMatMul: try checkMatrices()
        case .gather: try checkGather()
        case .logSoftmax: try checkLogSoftmax()
        case .layerNormalization: try checkLayerNormalization()
        default: try require(false, .opcodeKnown, Int64(opcode.rawValue))
        }
    }

    private func checkMatrices() throws(ProgramError) {
        let p = try parameters(as: martlet_matmul.self)
        try requireTypes(.int8, .int8)
        try require(p.inner, in: 1...OperatorLimits.matrixDepthMax, .accumulatorFits)
        try require(p.rows >= 1 && p.columns >= 1, .parameterInRange, Int64(p.rows))
        var batches: Int64 = 1
        for d in 0..<Int(MARTLET_BATCH_RANK) {
            try require(parameter(d) >= 1, .parameterInRange, Int64(parameter(d)))
            batches *= Int64(parameter(d))
            try require(batches <= output.elementCount, .shapeMatches, batches)
        }
        // The three factors are below 2^30, 2^31 and 2^31.
        let matrix = Int64(p.rows) * Int64(p.columns)
        try require(matrix <= output.elementCount, .shapeMatches, matrix)
        try require(batches * matrix == output.elementCount, .shapeMatches, batches * matrix)
        // Words 12, 13 and 14 are rows, inner and columns; their strides start at 15 and at 17.
        try checkMatrix(a, batchStrides: 4, extents: (12, 13), strides: 15)
        try checkMatrix(b, batchStrides: 8, extents: (13, 14), strides: 17)
        try requireZeroPoints(input: p.a_zero, output: p.output_zero)
        try require(p.b_zero == b.zeroPoint, .zeroPointMatches, Int64(p.b_zero))
        try requireFactor(p.scale.multiplier, p.scale.exponent)
        try requireClamp(p.clamp_min, p.clamp_max)
        try requireBlocks()
    }

    /// Strides are not negative, so the last element is the farthest; arguments are words.
    private func checkMatrix(
        _ tensor: TensorRecord,
        batchStrides: Int,
        extents: (first: Int, second: Int),
        strides: Int
    ) throws(ProgramError) {
        let batchRank = Int(MARTLET_BATCH_RANK)
        var last: Int64 = 0
        for d in 0..<batchRank + 2 {
            let isBatch = d < batchRank
            let matrixWord = d == batchRank ? extents.first : extents.second
            let extent = Int64(parameter(isBatch ? d : matrixWord))
            let stride = Int64(parameter(isBatch ? batchStrides + d : strides + d - batchRank))
            try require(stride >= 0, .strideCanonical, stride)
            try require(extent > 1 || stride == 0, .strideCanonical, stride)
            last += (extent - 1) * stride  // below 6 * 2^61
            try require(last < tensor.elementCount, .accessWithinTensor, last)
        }
    }

    private func checkGather() throws(ProgramError) {
        let p = try parameters(as: martlet_gather.self)
        try require(a.type == output.type, .elementType, Int64(output.type.rawValue))
        let isIndex = b.type == .int32 || b.type == .int64
        try require(isIndex, .elementType, Int64(b.type.rawValue))
        try require(Int(p.index_size) == b.type.sizeBytes, .parameterInRange, Int64(p.index_size))
        try require(Int64(p.count) == b.elementCount, .shapeMatches, Int64(p.count))
        try elementCount([p.outer, p.extent, p.inner], is: Int64(a.sizeBytes))
        try elementCount([p.outer, p.count, p.inner], is: Int64(output.sizeBytes))
        try requireBlocks()
    }

    private func checkLogSoftmax() throws(ProgramError) {
        let p = try parameters(as: martlet_log_softmax.self)
        try requireTypes(.int8, .int8)
        try elementCount([p.rows, p.depth, 1], is: a.elementCount)
        try require(output.elementCount == a.elementCount, .shapeMatches, output.elementCount)
        try require(p.depth, in: 1...OperatorLimits.softmaxDepthMax, .accumulatorFits)
        try requireZeroPoints(input: a.zeroPoint, output: 127)
        try requireFactor(p.scale.multiplier, p.scale.exponent, exponents: 0...31)
        try requireFactor(p.reverse.multiplier, p.reverse.exponent, exponents: -31...0)
        try require(p.difference_min, in: -Int32.max...0)
        try requireBlocks()
    }

    private func checkLayerNormalization() throws(ProgramError) {
        let p = try parameters(as: martlet_layer_normalization.self)
        try requireTypes(.int8, .int8)
        try elementCount([p.rows, p.depth, 1], is: a.elementCount)
        try require(output.elementCount == a.elementCount, .shapeMatches, output.elementCount)
        try require(p.depth, in: 1...OperatorLimits.normalizedDepthMax, .accumulatorFits)
        try requireZeroPoints(input: a.zeroPoint, output: p.output_zero)
        try require(p.variance_shift, in: 0...16)
        try require(p.variance_shift % 2 == 0, .parameterInRange, Int64(p.variance_shift))
        try require(p.epsilon_high < 1 << 29, .parameterInRange, Int64(p.epsilon_high))
        try require(p.gain_exponent, in: 0...30)
        try requireBlocks(constants: 8 * Int64(p.depth))
        let biasMax = OperatorLimits.normalizedBiasMax(gainExponent: p.gain_exponent)
        for channel in 0..<Int(p.depth) {
            let gain = Int(record.constants.offset) + 4 * channel
            let constants = program.sections.constants
            try require(constants.signedWord(at: gain), in: -(1 << 30)...1 << 30, .biasInRange)
            let bias = constants.signedWord(at: gain + 4 * Int(p.depth))
            try require(bias, in: -biasMax...biasMax, .biasInRange)
        }
    }
}

extension OperatorLimits {
    /// The products of one sum of two computed matrices: 255 * 255 * 2^15 < 2^31.
    package static let matrixDepthMax: Int32 = 1 << 15
    /// The elements of a normalized row: n² * 2^14 < 2^44, which leaves 16 bits of fraction.
    package static let normalizedDepthMax: Int32 = 1 << 15

    /// The magnitude of a bias such that `bias * 2^(gainExponent + 4) < 2^61`.
    package static func normalizedBiasMax(gainExponent: Int32) -> Int32 {
        Int32(clamping: (Int64(1) << Int64(57 - gainExponent)) - 1)
    }
}
