/// The result of a regression on samples with true values.
public struct RegressionEvaluation: Sendable, Hashable {
    /// The mean absolute error over all elements.
    public let meanAbsoluteError: Double
    /// The root of the mean squared error over all elements.
    public let rootMeanSquaredError: Double
    /// The share of the truth's variance that is explained; `nil` when the truth does not vary.
    ///
    /// `1 - Σ(y - ŷ)² / Σ(y - ȳ)²` with a mean `ȳ` for each output element, so that elements count
    /// by their variance.
    public let determination: Double?
    /// The mean absolute error of each sample, in order.
    public let sampleErrors: [Double]

    /// Compares predictions with the truth.
    ///
    /// - Parameters:
    ///   - predictions: for each sample its output's elements.
    ///   - truths: as many samples of as many elements.
    /// - Throws: `EvaluationError` when there are no samples, counts differ, or a value is NaN.
    public init(predictions: [[Float]], truths: [[Float]]) throws(EvaluationError) {
        guard let width = truths.first?.count, width > 0, predictions.count == truths.count else {
            throw .countMismatch(predictions: predictions.count, labels: truths.count)
        }
        var (absolute, squared) = (0.0, 0.0)
        var sampleErrors: [Double] = []
        var means = [Double](repeating: 0, count: width)
        for (sample, (prediction, truth)) in zip(predictions, truths).enumerated() {
            guard prediction.count == width, truth.count == width else {
                throw .countMismatch(predictions: prediction.count, labels: truth.count)
            }
            var error = 0.0
            for element in 0..<width {
                let difference = Double(prediction[element]) - Double(truth[element])
                guard !difference.isNaN else { throw .notANumber(sample: sample) }
                error += abs(difference)
                squared += difference * difference
                means[element] += Double(truth[element]) / Double(truths.count)
            }
            absolute += error
            sampleErrors.append(error / Double(width))
        }
        let spread = truths.reduce(0.0) { sum, truth in
            zip(truth, means).reduce(sum) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
        }
        let count = Double(truths.count * width)
        meanAbsoluteError = absolute / count
        rootMeanSquaredError = (squared / count).squareRoot()
        determination = spread > 0 ? 1 - squared / spread : nil
        self.sampleErrors = sampleErrors
    }

    /// The 95 % interval of `|e'| - (1 + rise) |e|`: how far the candidate's mean absolute error
    /// lies above this one's, raised by a share.
    ///
    /// Student's interval of the paired differences, sample by sample.
    ///
    /// - Parameters:
    ///   - candidate: the result on the same samples.
    ///   - rise: the share by which the error may be higher, at least 0.
    /// - Returns: The interval; `nil` with fewer than two samples or other counts.
    public func riseInterval(
        to candidate: RegressionEvaluation,
        rise: Double = 0
    ) -> ConfidenceInterval? {
        differences(to: candidate, rise: rise).map { RegressionEvaluation.interval($0, factor: 1) }
    }

    /// Whether the candidate's mean absolute error is at most `maximalRise` higher, as a share of
    /// this one's.
    ///
    /// - Returns: The verdict; `nil` where there is no interval.
    public func verdict(candidate: RegressionEvaluation, maximalRise: Double) -> GateVerdict? {
        guard let moments = differences(to: candidate, rise: maximalRise) else { return nil }
        return GateVerdict.of(RegressionEvaluation.interval(moments, factor: 1), limit: 0) {
            RegressionEvaluation.interval(moments, factor: $0)
        }
        .scaled(by: sampleErrors.count)
    }

    private func differences(
        to candidate: RegressionEvaluation,
        rise: Double
    ) -> (moments: SampleMoments, count: Int)? {
        let count = sampleErrors.count
        guard count >= 2, candidate.sampleErrors.count == count else { return nil }
        let pairs = zip(candidate.sampleErrors, sampleErrors)
        return (SampleMoments(pairs.map { $0 - (1 + rise) * $1 }), count)
    }

    private static func interval(
        _ sample: (moments: SampleMoments, count: Int),
        factor: Double
    ) -> ConfidenceInterval {
        let count = Double(sample.count) * factor
        let quantile = BetaFunction.studentQuantile(degreesOfFreedom: count - 1)
        return ConfidenceInterval(
            sample.moments.mean,
            reach: quantile * (sample.moments.variance / count).squareRoot()
        )
    }
}
