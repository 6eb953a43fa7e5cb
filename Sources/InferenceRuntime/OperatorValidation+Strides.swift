import CKernels

// Operators that walk strides: broadcasting, copies, fills.
extension OperatorCheck {
    private static let rank = ProgramFormat.rankMax

    func checkBinary() throws(ProgramError) {
        let p = try parameters(as: martlet_binary.self)
        if opcode == .moveSelected {
            try require(a.type.sizeBytes == 1, .elementType, Int64(a.type.rawValue))
            try require(b.type == .int8, .elementType, Int64(b.type.rawValue))
            try require(output.type == .int8, .elementType, Int64(output.type.rawValue))
        } else {
            try requireActivations()
        }
        let count = try checkedExtents()
        try require(count == output.elementCount, .shapeMatches, count)
        try checkOperand(a, firstWord: Self.rank)
        try checkOperand(b, firstWord: 2 * Self.rank)
        try requireZeroPoints(input: p.a_zero, output: p.output_zero)
        try require(p.b_zero == b.zeroPoint, .zeroPointMatches, Int64(p.b_zero))
        try requireClamp(p.clamp_min, p.clamp_max)
        try requireRounding(p.rounding, .double...(opcode.isRarePair ? .double : .halfAway))
        // A larger exponent than 0 could overflow the sum; the planner's factors are at most 1/2.
        let isSum = !opcode.isRarePair || opcode == .squaredDifference
        let exponents: ClosedRange<Int32> = -31...(isSum ? 0 : 30)
        try requireFactor(p.a_scale.multiplier, p.a_scale.exponent, exponents: exponents)
        try requireFactor(p.b_scale.multiplier, p.b_scale.exponent, exponents: exponents)
        try requireFactor(p.output_scale.multiplier, p.output_scale.exponent)
        let hasKinds =
            opcode == .add || opcode == .addInt16 || opcode == .maximum || opcode == .maximumInt16
        try require(p.kind, in: 0...(hasKinds ? 1 : 0))
        if opcode == .maximum || opcode == .maximumInt16 {
            try require(p.a_zero == p.output_zero, .zeroPointMatches, Int64(p.a_zero))
            try require(p.b_zero == p.output_zero, .zeroPointMatches, Int64(p.b_zero))
        }
        try requireBlocks(constants: opcode == .lookupPair ? 65536 : 0)
    }

    /// The elements that six extents span, at most 2^30.
    func checkedExtents() throws(ProgramError) -> Int64 {
        var count: Int64 = 1
        for d in 0..<Self.rank {
            let extent = Int64(parameter(d))
            try require(extent >= 1, .parameterInRange, extent)
            count *= extent
            try require(count <= Int64(ProgramFormat.sizeBytesMax), .parameterInRange, count)
        }
        return count
    }

    /// Strides count elements and are not negative, so the last element is the farthest.
    func checkOperand(_ tensor: TensorRecord, firstWord: Int) throws(ProgramError) {
        var last: Int64 = 0
        var dense: Int64 = 1
        var isDense = true
        for d in (0..<Self.rank).reversed() {
            let extent = Int64(parameter(d))
            let stride = Int64(parameter(firstWord + d))
            try require(stride >= 0, .strideCanonical, stride)
            try require(extent > 1 || stride == 0, .strideCanonical, stride)
            last += (extent - 1) * stride  // below 6 * 2^61
            try require(last < tensor.elementCount, .accessWithinTensor, last)
            if extent > 1 && stride != dense { isDense = false }
            dense *= extent
        }
        let isShared = tensor.place == .arena && tensor.offset == output.offset
        try require(isDense || !isShared, .broadcastNotInPlace)
    }

    func checkCopy() throws(ProgramError) {
        let p = try parameters(as: martlet_copy.self)
        try require(a.type.sizeBytes == output.type.sizeBytes, .elementType)
        try require(Int(p.element_size) == a.type.sizeBytes, .parameterInRange)
        let size = Int64(p.element_size)
        let count = try checkedExtents()
        try require(count * size <= Int64(output.sizeBytes), .shapeMatches, count)
        try checkReach(firstWord: Self.rank, offset: p.source_offset, size, within: a)
        try checkReach(firstWord: 2 * Self.rank, offset: p.target_offset, size, within: output)
        try requireBlocks()
    }

    /// The lowest and the highest byte that offset and strides of any sign reach.
    private func checkReach(
        firstWord: Int,
        offset: Int32,
        _ size: Int64,
        within tensor: TensorRecord
    ) throws(ProgramError) {
        let limit = Int64(ProgramFormat.sizeBytesMax)
        var low = Int64(offset)
        var high = Int64(offset) + size
        for d in 0..<Self.rank {
            let extent = Int64(parameter(d))
            let stride = Int64(parameter(firstWord + d))
            try require(extent > 1 || stride == 0, .strideCanonical, stride)
            try require(abs(stride) <= limit, .strideCanonical, stride)
            let reach = (extent - 1) * stride  // below 2^60
            if reach < 0 { low += reach } else { high += reach }
        }
        try require(low >= 0, .accessWithinTensor, low)
        try require(high <= Int64(tensor.sizeBytes), .accessWithinTensor, high)
    }

    func checkFill() throws(ProgramError) {
        let p = try parameters(as: martlet_fill.self)
        try require(output.type.sizeBytes <= 2, .elementType, Int64(output.type.rawValue))
        try require(Int64(p.count) == Int64(output.sizeBytes), .shapeMatches, Int64(p.count))
        try require(p.value, in: 0...255)
        try require(record.inputA == record.output, .operandCount, Int64(record.inputA))
        try requireBlocks()
    }
}
