/// A layer of long short-term memory without peepholes, projection or layer normalization.
///
/// For each step of the sequence, with `W` the weights of the input, `R` those of the hidden
/// values and `b` the bias of a gate:
///
///     i, f, o = logistic(W x + R h + b)        c~ = tanh(W x + R h + b)
///     c = f c + i c~, clamped to ±cellClip     h = o tanh(c)
///
/// Inputs: the sequence `[B, T, I]`, or `[T, B, I]`; `W` `[H, I]`, `R` `[H, H]` and `b` `[H]`, each
/// four times in the order input, forget, cell, output; the hidden values `[B, H]` and the cell
/// `[B, H]` before the first step. Outputs: the hidden values of all steps, `[B, T, H]` or
/// `[T, B, H]`; the hidden values and the cell after the last step.
public struct LongShortTermMemory: Sendable, Hashable {
    /// The number of operands: the sequence, 8 matrices, 4 biases, hidden values and cell.
    public static let inputCount = 15

    /// The largest magnitude of a cell, positive and finite; 0 for no bound.
    public var cellClip: Float
    /// Whether the first dimension of the sequence is time, not the batch.
    public var isTimeMajor: Bool

    /// Makes a layer.
    public init(cellClip: Float = 0, isTimeMajor: Bool = false) {
        self.cellClip = cellClip
        self.isTimeMajor = isTimeMajor
    }

    /// The operands that weigh the sequence, then those that weigh the hidden values.
    package var weightInputs: [Int] { Array(1...8) }
    /// The operands that are biases.
    package var biasInputs: [Int] { Array(9...12) }
    /// The operand that is the hidden values before the first step.
    package var hiddenInput: Int { 13 }
    /// The operand that is the cell before the first step.
    package var cellInput: Int { 14 }
}

extension Operator {
    /// The number of tensors that a node of this operator writes.
    package var outputCount: Int {
        if case .longShortTermMemory = self { 3 } else { 1 }
    }
}

extension ShapeRule {
    func longShortTermMemory(
        _ memory: LongShortTermMemory,
        inputs: [[Int]],
        outputs: [[Int]]
    ) throws(GraphError) {
        try require(input.count == 3, "the sequence \(input) is not [batch, time, inputs]")
        try require(
            memory.cellClip.isFinite && memory.cellClip >= 0,
            "the bound of the cell is \(memory.cellClip)"
        )
        let batches = memory.isTimeMajor ? input[1] : input[0]
        let hidden = inputs[memory.hiddenInput]
        try require(
            hidden.count == 2 && hidden[0] == batches,
            "the hidden values \(hidden) are not [\(batches), units]"
        )
        let units = hidden[1]
        for (number, weights) in memory.weightInputs.enumerated() {
            let columns = number < 4 ? input[2] : units
            try require(
                inputs[weights] == [units, columns],
                "the weights \(inputs[weights]) are not [\(units), \(columns)]"
            )
        }
        for bias in memory.biasInputs { try expectBias(inputs[bias], channels: units) }
        try require(
            inputs[memory.cellInput] == hidden,
            "the cell \(inputs[memory.cellInput]) is not \(hidden)"
        )
        try expect([input[0], input[1], units])
        for state in outputs.dropFirst() {
            try require(state == hidden, "a state becomes \(state) where \(hidden) follows")
        }
    }
}
