import CKernels

// Long short-term memory: the one operator that writes tensors beside its output.
extension OperatorCheck {
    func checkLongShortTermMemory() throws(ProgramError) {
        let p = try parameters(as: martlet_lstm.self)
        try requireTypes(.int8, .int8)
        try require(p.is_time_major, in: 0...1)
        try elementCount([p.batches, p.steps, p.inputs], is: a.elementCount)
        try elementCount([p.batches, p.steps, p.units], is: output.elementCount)
        let hidden = try keptTensor(p.hidden_tensor, .int8, batches: p.batches, units: p.units)
        let cell = try keptTensor(p.cell_tensor, .int16, batches: p.batches, units: p.units)
        try requireDisjoint(hidden, cell)
        try requireZeroPoints(input: p.input_zero, output: p.output_zero)
        let zero = hidden.zeroPoint
        try require(zero == p.output_zero, .zeroPointMatches, Int64(zero))
        try require(p.cell_exponent, in: OperatorLimits.cellExponents)
        try require(p.cell_clip, in: 0...Int32(Int16.max))
        try checkGates(p)
    }

    /// The factors of all gates, and the sums of all rows.
    private func checkGates(_ p: martlet_lstm) throws(ProgramError) {
        // The factors of four gates on the input, then on the hidden values.
        let firstFactor = 9
        for factor in 0..<8 {
            let word = firstFactor + 2 * factor
            try requireFactor(parameter(word), parameter(word + 1))
        }
        try requireFactor(p.hidden_scale.multiplier, p.hidden_scale.exponent, exponents: -31...0)
        let bound = OperatorLimits.productMax(weightZero: 0)
        let taps = Int64(max(p.inputs, p.units))
        try require(taps <= OperatorLimits.accumulatorMax / bound, .accumulatorFits, taps)
        let rows = 4 * Int64(p.units)
        try requireBlocks(
            weights: rows * (Int64(p.inputs) + Int64(p.units)),
            constants: rows * 4
        )
        let biasMax = Int32(OperatorLimits.accumulatorMax - Int64(p.inputs) * bound)
        for row in 0..<Int(rows) {
            let offset = Int(record.constants.offset) + row * 4
            let bias = program.sections.constants.signedWord(at: offset)
            try require(bias, in: -biasMax...biasMax, .biasInRange)
        }
    }

    /// A tensor `[batches, units]` that the operator reads and writes.
    private func keptTensor(
        _ index: Int32,
        _ type: ElementType,
        batches: Int32,
        units: Int32
    ) throws(ProgramError) -> TensorRecord {
        let isThere = index >= 0 && index < Int32(program.tensorCount)
        try require(isThere, .inputExists, Int64(index))
        let tensor = program.tensor(Int(index))
        try require(tensor.place == .arena, .outputInArena, Int64(tensor.place.rawValue))
        try require(tensor.type == type, .elementType, Int64(tensor.type.rawValue))
        try elementCount([batches, units, 1], is: tensor.elementCount)
        try requireDisjoint(tensor, output)
        if a.place == .arena { try requireDisjoint(tensor, a) }
        return tensor
    }

    private func requireDisjoint(
        _ one: TensorRecord,
        _ other: TensorRecord
    ) throws(ProgramError) {
        try require(one.isApart(from: other), .noOverlap, Int64(one.offset))
    }
}
