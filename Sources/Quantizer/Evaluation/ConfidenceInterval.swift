/// A range that holds the true value in 95 of 100 repetitions of an experiment.
public struct ConfidenceInterval: Sendable, Hashable {
    /// The lower bound.
    public let lower: Double
    /// The upper bound, at least `lower`.
    public let upper: Double

    /// Makes an interval from its bounds, `lower <= upper`.
    public init(lower: Double, upper: Double) {
        precondition(lower <= upper, "\(lower) is not above \(upper)")
        self.lower = lower
        self.upper = upper
    }

    /// The interval `estimate ± reach`.
    init(_ estimate: Double, reach: Double) {
        self.init(lower: estimate - reach, upper: estimate + reach)
    }

    /// The standard normal quantile that leaves 2.5 % on either side.
    static let normalQuantile = 1.959963984540054
}
