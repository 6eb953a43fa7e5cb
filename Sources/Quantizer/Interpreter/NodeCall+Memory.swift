import Foundation
import ModelGraph

// Layers that carry values along a sequence.
extension NodeCall {
    /// The hidden values of all steps; hidden values and cell after the last step.
    ///
    /// Sums are in double precision; what a step hands to the next is rounded to single precision.
    func longShortTermMemory(_ memory: LongShortTermMemory) -> [[Float]] {
        var hidden = operand(memory.hiddenInput).values
        var cell = operand(memory.cellInput).values
        let units = outputShape[2]
        let (batches, steps) =
            memory.isTimeMajor
            ? (outputShape[1], outputShape[0]) : (outputShape[0], outputShape[1])
        let gates = (0..<4).map { Gate(self, memory, number: $0) }
        let clip = memory.cellClip > 0 ? Double(memory.cellClip) : .infinity
        var sequence = [Float](repeating: 0, count: outputCount)
        let depth = x.shape[2]
        for batch in 0..<batches {
            let range = batch * units..<(batch + 1) * units
            for step in 0..<steps {
                let row = memory.isTimeMajor ? step * batches + batch : batch * steps + step
                let input = x.values[row * depth..<(row + 1) * depth]
                let before = hidden[range]
                for unit in 0..<units {
                    let sums = gates.map { $0.sum(unit, input, before) }
                    let (input, forget) = (NodeCall.logistic(sums[0]), NodeCall.logistic(sums[1]))
                    let place = range.lowerBound + unit
                    let value = forget * Double(cell[place]) + input * tanh(sums[2])
                    cell[place] = Float(min(max(value, -clip), clip))
                    let output = NodeCall.logistic(sums[3]) * tanh(Double(cell[place]))
                    hidden[place] = Float(output)
                    sequence[row * units + unit] = hidden[place]
                }
            }
        }
        return [sequence, hidden, cell]
    }

    private static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    /// The weights and biases of one gate.
    private struct Gate {
        let input: [Float]
        let recurrent: [Float]
        let bias: [Float]

        init(_ call: NodeCall, _ memory: LongShortTermMemory, number: Int) {
            input = call.operand(memory.weightInputs[number]).values
            recurrent = call.operand(memory.weightInputs[4 + number]).values
            bias = call.operand(memory.biasInputs[number]).values
        }

        func sum(_ unit: Int, _ x: ArraySlice<Float>, _ hidden: ArraySlice<Float>) -> Double {
            Gate.product(input, unit, x) + Gate.product(recurrent, unit, hidden)
                + Double(bias[unit])
        }

        private static func product(
            _ weights: [Float],
            _ row: Int,
            _ values: ArraySlice<Float>
        ) -> Double {
            var sum = 0.0
            for (index, value) in values.enumerated() {
                sum += Double(weights[row * values.count + index]) * Double(value)
            }
            return sum
        }
    }
}
