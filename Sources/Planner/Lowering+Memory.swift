import InferenceRuntime
import ModelGraph

// Long short-term memory (fixed-point-spec, 8.1).
extension Lowering {
    /// The scale of a gate before its function: Q3.12.
    private static let gateScale: Float = 0x1p-12

    mutating func lowerMemory(_ memory: LongShortTermMemory) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let sequence = program.values[x].shape
        guard sequence.count == 3, let units = program.values[y].shape.last, node.outputs.count == 3
        else { throw .shapeMismatch("\(sequence) is not a sequence") }
        let steps = sequence[memory.isTimeMajor ? 0 : 1]
        let hidden = try kept(memory.hiddenInput, output: 1)
        let cell = try kept(memory.cellInput, output: 2)
        try requireSameQuantization(hidden, y)
        let cellExponent = try cellExponent(cell)
        let clip = memory.cellClip / program.values[cell].scale
        let parameters = MemoryParameters(
            extents: (
                try word(sequence[memory.isTimeMajor ? 1 : 0], "the number of sequences"),
                try word(steps, "the number of steps"),
                try word(sequence[2], "the number of inputs"),
                try word(units, "the number of units")
            ),
            isTimeMajor: memory.isTimeMajor,
            zeros: ZeroPoints(
                input: program.values[x].zeroPoint,
                output: program.values[y].zeroPoint
            ),
            inputScales: try gateScales(memory.weightInputs.prefix(4), of: x),
            recurrentScales: try gateScales(memory.weightInputs.suffix(4), of: hidden),
            hiddenScale: try hiddenScale(y),
            cellExponent: cellExponent,
            cellClip: Int32(min(clip, Float(Int16.max)))
        )
        emit(
            .longShortTermMemory,
            [x, hidden, cell],
            to: y,
            .longShortTermMemory(parameters),
            weights: try constants(memory.weightInputs),
            constants: try biases(memory, inputs: sequence[2], units: units)
        )
        program.steps[program.steps.count - 1].kept = [hidden, cell]
    }

    /// The value that the node reads and writes: the state itself where nothing else reads it, else
    /// a copy of what the node finds.
    private mutating func kept(_ number: Int, output: Int) throws(PlanFault) -> Int {
        let source = try input(number)
        let target = value(node.outputs[output])
        if let id = node.inputs[number], mayUpdateInPlace(id, to: node.outputs[output]) {
            makeView(target, of: source, offsetBytes: 0)
        } else {
            // The source must stay as it is: the node writes over the copy.
            copyWhole(source, to: target, mayElide: false)
        }
        return target
    }

    private func requireSameQuantization(_ a: Int, _ b: Int) throws(PlanFault) {
        let (one, other) = (program.values[a], program.values[b])
        guard one.isQuantized(like: other) else {
            throw .quantizationMismatch(
                "'\(one.name)' and '\(other.name)' differ in scale or zero point"
            )
        }
    }

    /// The power of two that is the scale of the cell.
    private func cellExponent(_ cell: Int) throws(PlanFault) -> Int32 {
        let value = program.values[cell]
        let exponent = Int32(clamping: Int(value.scale.exponent))
        guard value.zeroPoint == 0, value.scale.significand == 1,
            OperatorLimits.cellExponents.contains(exponent)
        else {
            throw .quantizationMismatch(
                "the scale \(value.scale) of the cell is not a power of two from 2^-15 to 2^-9"
            )
        }
        return exponent
    }

    /// The factors of a product of `source` with the weights of each gate.
    private func gateScales(
        _ numbers: ArraySlice<Int>,
        of source: Int
    ) throws(PlanFault) -> [ScaleFactor] {
        var factors: [ScaleFactor] = []
        for number in numbers {
            guard let id = node.inputs[number], let quantization = graph[id].quantization,
                quantization.isPerTensor, quantization.zeroPoints[0] == 0
            else { throw .quantizationMismatch("the weights of a gate need one scale") }
            let ratio = quantization.scales[0] * program.values[source].scale / Self.gateScale
            let factor = try FixedPoint.scaleFactor(Double(ratio))
            // A sum is below 2^31; one that is shifted left before it is rounded must stay so.
            let columns = Int64(graph[id].shape.last ?? 0)
            let bound = columns * OperatorLimits.productMax(weightZero: 0)
            if factor.exponent > 0 { try FixedPoint.proveShift(factor, bound: bound) }
            factors.append(factor)
        }
        return factors
    }

    /// From the product of two Q0.15 numbers to the scale of the hidden values.
    private func hiddenScale(_ y: Int) throws(PlanFault) -> ScaleFactor {
        let ratio = 0x1p-30 / program.values[y].scale
        let factor = try FixedPoint.scaleFactor(Double(ratio))
        guard factor.exponent <= 0 else { throw .ratioOutOfRange(Double(ratio)) }
        return factor
    }

    /// The bytes of constant operands, one after the other.
    private func constants(_ numbers: [Int]) throws(PlanFault) -> [UInt8] {
        var bytes: [UInt8] = []
        for number in numbers {
            guard let id = node.inputs[number], let constant = graph[id].constant else {
                throw .shapeMismatch("operand \(number) is not a constant")
            }
            bytes += constant
        }
        return bytes
    }

    /// The biases of all gates, with the proof that no sum overflows.
    private func biases(
        _ memory: LongShortTermMemory,
        inputs: Int,
        units: Int
    ) throws(PlanFault) -> [UInt8] {
        // Extents are at most 2^28 (`GraphLimits`), so the products below fit 64 bits.
        let limit = OperatorLimits.accumulatorMax
        let products = OperatorLimits.productMax(weightZero: 0)
        let bytes = try constants(memory.biasInputs)
        for (row, bias) in LittleEndian.int32s(bytes).enumerated() {
            let bound = max(
                Int64(inputs) * products + Int64(bias.magnitude),
                Int64(units) * products
            )
            guard bound <= limit else {
                throw .accumulatorMayOverflow(channel: row, bound: bound, limit: limit)
            }
        }
        return bytes
    }
}
