/// The result of a classifier on labelled samples.
public struct ClassificationEvaluation: Sendable, Hashable {
    /// `confusion[label][prediction]` counts samples; square, one row a class.
    public let confusion: [[Int]]

    /// Takes counts as they are: square, at least one sample.
    public init(confusion: [[Int]]) { self.confusion = confusion }

    /// Counts predictions against labels.
    ///
    /// - Parameters:
    ///   - predictions: The predicted class of each sample, in `0..<classCount`.
    ///   - labels: The true class of each sample, as many as `predictions`.
    ///   - classCount: The number of classes, at least 1.
    /// - Throws: `EvaluationError` when counts differ or a class is out of range.
    public init(
        predictions: [Int],
        labels: [Int],
        classCount: Int
    ) throws(EvaluationError) {
        guard !labels.isEmpty, predictions.count == labels.count else {
            throw .countMismatch(predictions: predictions.count, labels: labels.count)
        }
        var confusion = [[Int]](
            repeating: Array(repeating: 0, count: classCount),
            count: classCount
        )
        for (sample, (prediction, label)) in zip(predictions, labels).enumerated() {
            guard (0..<classCount).contains(label) else {
                throw .classOutOfRange(sample: sample, value: label, classCount: classCount)
            }
            guard (0..<classCount).contains(prediction) else {
                throw .classOutOfRange(sample: sample, value: prediction, classCount: classCount)
            }
            confusion[label][prediction] += 1
        }
        self.confusion = confusion
    }

    /// The number of samples.
    public var sampleCount: Int { confusion.reduce(0) { $0 + $1.reduce(0, +) } }
    /// The number of samples whose prediction equals the label.
    public var correctCount: Int { confusion.indices.reduce(0) { $0 + confusion[$1][$1] } }
    /// The share of correct samples, in `0...1`.
    public var accuracy: Double { Double(correctCount) / Double(sampleCount) }
    /// The 95 % confidence interval of the accuracy.
    public var accuracyInterval: ProportionInterval {
        ProportionInterval(successes: correctCount, trials: sampleCount)
    }
}

/// A confidence interval of a proportion.
public struct ProportionInterval: Sendable, Hashable {
    /// The lower bound, in `0...1`.
    public let lower: Double
    /// The upper bound, in `0...1`.
    public let upper: Double

    /// Makes the score interval of a proportion (Wilson, 1927).
    ///
    /// Unlike the normal approximation it stays inside `0...1` and keeps its coverage near the
    /// ends: `(p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)`.
    ///
    /// - Parameters:
    ///   - successes: The number of successes, in `0...trials`.
    ///   - trials: The number of trials, at least 1.
    ///   - z: The standard normal quantile; the default leaves 2.5 % on either side.
    public init(successes: Int, trials: Int, z: Double = 1.959963984540054) {
        precondition(trials >= 1 && (0...trials).contains(successes))
        let n = Double(trials)
        let p = Double(successes) / n
        let centre = p + z * z / (2 * n)
        let reach = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        let scale = 1 + z * z / n
        lower = max(0, (centre - reach) / scale)
        upper = min(1, (centre + reach) / scale)
    }
}

/// Why samples cannot be evaluated.
public enum EvaluationError: Error, Sendable, Hashable {
    /// There are no labels, or not one for every prediction.
    case countMismatch(predictions: Int, labels: Int)
    /// A label or a prediction names a class that the model does not have.
    case classOutOfRange(sample: Int, value: Int, classCount: Int)
    /// A score or a prediction is NaN.
    case notANumber(sample: Int)
    /// All samples are positive or all are negative, so nothing can be ranked.
    case oneKindOnly(positives: Int, negatives: Int)
    /// Samples are marked with more different slices than the limit.
    case tooManySlices(count: Int, limit: Int)
}

extension EvaluationError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .countMismatch(let predictions, let labels):
            "there are \(labels) labels for \(predictions) samples"
        case .classOutOfRange(let sample, let value, let classCount):
            "sample \(sample) has class \(value), but the model has \(classCount) classes"
        case .notANumber(let sample): "sample \(sample) has a result that is not a number"
        case .oneKindOnly(let positives, let negatives):
            "\(positives) samples are positive and \(negatives) negative; both kinds are needed"
        case .tooManySlices(let count, let limit):
            "the samples have \(count) different marks, more than \(limit) slices"
        }
    }
}
