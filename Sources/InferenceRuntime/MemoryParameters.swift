/// The parameter block of a long short-term memory, in the order of `martlet_lstm`.
package struct MemoryParameters: Sendable {
    package var batches, steps, inputs, units: Int32
    package var isTimeMajor: Bool
    /// The tensor records of the hidden values and the cell.
    package var hiddenTensor: Int32 = 0
    package var cellTensor: Int32 = 0
    package var zeros: ZeroPoints
    /// The factors of the gates input, forget, cell, output.
    package var inputScales: [ScaleFactor]
    package var recurrentScales: [ScaleFactor]
    package var hiddenScale: ScaleFactor
    package var cellExponent: Int32
    package var cellClip: Int32

    package init(
        extents: (batches: Int32, steps: Int32, inputs: Int32, units: Int32),
        isTimeMajor: Bool,
        zeros: ZeroPoints,
        inputScales: [ScaleFactor],
        recurrentScales: [ScaleFactor],
        hiddenScale: ScaleFactor,
        cellExponent: Int32,
        cellClip: Int32
    ) {
        (batches, steps, inputs, units) = extents
        self.isTimeMajor = isTimeMajor
        self.zeros = zeros
        self.inputScales = inputScales
        self.recurrentScales = recurrentScales
        self.hiddenScale = hiddenScale
        self.cellExponent = cellExponent
        self.cellClip = cellClip
    }

    var words: [Int32] {
        [batches, steps, inputs, units, isTimeMajor ? 1 : 0, hiddenTensor, cellTensor]
            + [zeros.input, zeros.output] + inputScales.flatMap { $0.words }
            + recurrentScales.flatMap { $0.words } + hiddenScale.words + [cellExponent, cellClip]
    }
}
