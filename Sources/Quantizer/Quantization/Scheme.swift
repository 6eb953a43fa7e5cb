/// How a graph is quantized.
public struct Scheme: Sendable, Hashable {
    /// How the ranges of activations are chosen.
    public var rangeMethod: RangeMethod
    /// How the ranges of the graph's inputs are chosen.
    public var inputRangeMethod: RangeMethod
    /// Whether to correct biases where the outputs gain by it.
    public var correctsBiases: Bool

    /// Makes a scheme; the default is that of the packager.
    public init(
        rangeMethod: RangeMethod = .meanSquaredError,
        inputRangeMethod: RangeMethod = .minMax,
        correctsBiases: Bool = true
    ) {
        self.rangeMethod = rangeMethod
        self.inputRangeMethod = inputRangeMethod
        self.correctsBiases = correctsBiases
    }
}
