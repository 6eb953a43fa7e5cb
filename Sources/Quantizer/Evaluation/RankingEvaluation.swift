import Glibc

/// How well scores rank positive samples above negative ones.
public struct RankingEvaluation: Sendable, Hashable {
    /// The area under the ROC curve: the probability that a positive sample scores above a negative
    /// one, ties counting half; in `0...1`.
    public let area: Double
    /// Samples labelled positive, at least 1.
    public let positiveCount: Int
    /// Samples labelled negative, at least 1.
    public let negativeCount: Int
    /// For each positive sample the share of negative ones below it, in the samples' order.
    private let positivePlacements: [Double]
    /// For each negative sample the share of positive ones above it, in the samples' order.
    private let negativePlacements: [Double]

    /// Ranks scores by midranks (Sun and Xu, IEEE Signal Processing Letters 21, 2014), in
    /// `O(n log n)`.
    ///
    /// - Parameters:
    ///   - scores: one a sample, not NaN; higher means positive.
    ///   - labels: whether each sample is positive.
    /// - Throws: `EvaluationError` when counts differ, a score is NaN, or a kind is missing.
    public init(scores: [Double], labels: [Bool]) throws(EvaluationError) {
        guard scores.count == labels.count, !labels.isEmpty else {
            throw .countMismatch(predictions: scores.count, labels: labels.count)
        }
        if let sample = scores.firstIndex(where: \.isNaN) { throw .notANumber(sample: sample) }
        let positives = labels.indices.filter { labels[$0] }
        let negatives = labels.indices.filter { !labels[$0] }
        guard !positives.isEmpty, !negatives.isEmpty else {
            throw .oneKindOnly(positives: positives.count, negatives: negatives.count)
        }
        let (m, n) = (Double(positives.count), Double(negatives.count))
        let all = RankingEvaluation.midranks(scores)
        let amongPositives = RankingEvaluation.midranks(positives.map { scores[$0] })
        let amongNegatives = RankingEvaluation.midranks(negatives.map { scores[$0] })
        positivePlacements = zip(positives, amongPositives).map { (all[$0] - $1) / n }
        negativePlacements = zip(negatives, amongNegatives).map { 1 - (all[$0] - $1) / m }
        area = positivePlacements.reduce(0, +) / m
        positiveCount = positives.count
        negativeCount = negatives.count
    }

    /// The standard error of the area (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988);
    /// `nil` with fewer than two samples of a kind.
    public var standardError: Double? {
        RankingEvaluation.error(positivePlacements, negativePlacements)
    }

    /// The 95 % interval of the area, in `0...1`; `nil` with fewer than two samples of a kind.
    ///
    /// DeLong's error on the logit scale (Pepe, The Statistical Evaluation of Medical Tests, 2003,
    /// section 5.2): `logit(A) ± z·SE / (A (1 - A))`. Where the ranking is perfect that error is 0;
    /// the interval is then as wide as Wilson's for a proportion over the rarer kind.
    public var areaInterval: ConfidenceInterval? {
        guard let error = standardError else { return nil }
        guard area > 0, area < 1 else {
            let trials = min(positiveCount, negativeCount)
            let score = ProportionInterval(successes: area == 1 ? trials : 0, trials: trials)
            return ConfidenceInterval(lower: score.lower, upper: score.upper)
        }
        let centre = log(area / (1 - area))
        let reach = ConfidenceInterval.normalQuantile * error / (area * (1 - area))
        return ConfidenceInterval(
            lower: 1 / (1 + exp(reach - centre)),
            upper: 1 / (1 + exp(-reach - centre))
        )
    }

    /// The 95 % interval of how much area a candidate loses on the same samples, by DeLong's error
    /// of the difference; `nil` with fewer than two samples of a kind or other labels.
    public func dropInterval(to candidate: RankingEvaluation) -> ConfidenceInterval? {
        guard let error = dropError(to: candidate) else { return nil }
        return ConfidenceInterval(
            area - candidate.area,
            reach: ConfidenceInterval.normalQuantile * error
        )
    }

    /// Whether a candidate on the same samples loses at most `maximalDrop` of the area.
    ///
    /// - Returns: The verdict; `nil` where there is no interval.
    public func verdict(candidate: RankingEvaluation, maximalDrop: Double) -> GateVerdict? {
        guard let error = dropError(to: candidate),
            let interval = dropInterval(to: candidate)
        else { return nil }
        let drop = area - candidate.area
        return GateVerdict.of(interval, limit: maximalDrop) { factor in
            let reach = ConfidenceInterval.normalQuantile * error / factor.squareRoot()
            return ConfidenceInterval(drop, reach: reach)
        }
        .scaled(by: positiveCount + negativeCount)
    }

    private func dropError(to candidate: RankingEvaluation) -> Double? {
        guard candidate.positiveCount == positiveCount, candidate.negativeCount == negativeCount
        else { return nil }
        return RankingEvaluation.error(
            zip(positivePlacements, candidate.positivePlacements).map { $0 - $1 },
            zip(negativePlacements, candidate.negativePlacements).map { $0 - $1 }
        )
    }

    private static func error(_ positives: [Double], _ negatives: [Double]) -> Double? {
        guard positives.count >= 2, negatives.count >= 2 else { return nil }
        let variance =
            SampleMoments(positives).variance / Double(positives.count)
            + SampleMoments(negatives).variance / Double(negatives.count)
        return variance.squareRoot()
    }

    /// The rank of each value from 1; equal values share the mean of their ranks.
    private static func midranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
            start = end
        }
        return ranks
    }
}

/// Mean and variance of a sample.
struct SampleMoments {
    let mean: Double
    /// The unbiased variance; 0 for fewer than two values.
    let variance: Double

    init(_ values: [Double]) {
        let mean = values.reduce(0, +) / Double(max(values.count, 1))
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.mean = mean
        variance = values.count < 2 ? 0 : squares / Double(values.count - 1)
    }
}
