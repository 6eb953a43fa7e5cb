/// How a graph is quantized.
public struct Scheme: Sendable, Hashable {
    /// How the ranges of activations are chosen.
    public var rangeMethod: RangeMethod
    /// How the ranges of the graph's inputs are chosen.
    public var inputRangeMethod: RangeMethod
    /// Whether to correct biases where the outputs gain by it.
    public var correctsBiases: Bool
    /// Whether to round weights by what their inputs are where the outputs gain by it.
    public var compensatesRounding: Bool
    /// The bits of the weights.
    public var weightBits: WeightBits

    /// How many bits weights have.
    public enum WeightBits: Int, Sendable, Hashable, CaseIterable {
        /// `-7...7`, but for the first and the last product; stored as bytes, half as large packed.
        case four = 4
        /// `-127...127`.
        case eight = 8

        /// The largest stored integer.
        var largest: Double { self == .four ? 7 : 127 }
    }

    /// Makes a scheme; the default is that of the packager.
    public init(
        rangeMethod: RangeMethod = .meanSquaredError,
        inputRangeMethod: RangeMethod = .minMax,
        correctsBiases: Bool = true,
        compensatesRounding: Bool = true,
        weightBits: WeightBits = .eight
    ) {
        self.rangeMethod = rangeMethod
        self.inputRangeMethod = inputRangeMethod
        self.correctsBiases = correctsBiases
        self.compensatesRounding = compensatesRounding
        self.weightBits = weightBits
    }
}
