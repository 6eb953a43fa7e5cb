/// Two classifiers on the same samples: who is right where the other is wrong.
///
/// Only discordant samples tell the two apart. The drop is the share that the candidate loses:
/// `(b - c) / n` with `b` samples that only the reference gets right, `c` only the candidate.
public struct PairedComparison: Sendable, Hashable {
    /// Samples that only the reference gets right: `b`.
    public let referenceOnlyCount: Int
    /// Samples that only the candidate gets right: `c`.
    public let candidateOnlyCount: Int
    /// All samples: `n`.
    public let sampleCount: Int

    /// Makes a comparison from its counts.
    ///
    /// - Parameters:
    ///   - referenceOnly: at least 0.
    ///   - candidateOnly: at least 0.
    ///   - samples: at least 1, and at least the sum of the others.
    public init(referenceOnly: Int, candidateOnly: Int, samples: Int) {
        precondition(referenceOnly >= 0 && candidateOnly >= 0 && samples >= 1)
        precondition(referenceOnly + candidateOnly <= samples)
        referenceOnlyCount = referenceOnly
        candidateOnlyCount = candidateOnly
        sampleCount = samples
    }

    /// Compares sample by sample who is right.
    ///
    /// - Throws: `EvaluationError.countMismatch` when there is no sample or the counts differ.
    public init(reference: [Bool], candidate: [Bool]) throws(EvaluationError) {
        guard !reference.isEmpty, reference.count == candidate.count else {
            throw .countMismatch(predictions: candidate.count, labels: reference.count)
        }
        let pairs = zip(reference, candidate)
        self.init(
            referenceOnly: pairs.count { $0 && !$1 },
            candidateOnly: pairs.count { !$0 && $1 },
            samples: reference.count
        )
    }

    /// The share of samples that the candidate loses, in `-1...1`; negative when it gains.
    public var drop: Double {
        Double(referenceOnlyCount - candidateOnlyCount) / Double(sampleCount)
    }

    /// The 95 % score interval of the drop (Tango, Statistics in Medicine 17, 1998, 891-908).
    public var dropInterval: ConfidenceInterval {
        PairedScore(
            b: Double(referenceOnlyCount),
            c: Double(candidateOnlyCount),
            n: Double(sampleCount)
        ).interval
    }

    /// The exact two-sided p-value of McNemar's test that both are right equally often.
    ///
    /// `min(1, 2 P(X <= min(b, c)))` with `X` binomial over `b + c` trials of probability 1/2,
    /// where `P(X <= k) = I_½(b + c - k, k + 1)`.
    public var exactPValue: Double {
        let discordant = referenceOnlyCount + candidateOnlyCount
        guard discordant > 0 else { return 1 }
        let k = min(referenceOnlyCount, candidateOnlyCount)
        return min(1, 2 * BetaFunction.regularized(0.5, Double(discordant - k), Double(k + 1)))
    }

    /// Whether the drop is at most `maximalDrop`.
    ///
    /// - Parameter maximalDrop: the share of samples that the candidate may lose, in `0...1`.
    /// - Returns: What the 95 % interval of the drop says.
    public func verdict(maximalDrop: Double) -> GateVerdict {
        .of(dropInterval, limit: maximalDrop) { factor in
            PairedScore(
                b: Double(referenceOnlyCount) * factor,
                c: Double(candidateOnlyCount) * factor,
                n: Double(sampleCount) * factor
            ).interval
        }
        .scaled(by: sampleCount)
    }
}

/// Tango's score statistic; the counts may be fractions, as when more samples are imagined.
struct PairedScore {
    let b: Double
    let c: Double
    let n: Double

    /// The drops `d` at which the statistic is within the normal quantile.
    ///
    /// `z(d) = (b - c - n d) / √(n (2 q + d (1 - d)))` falls with `d`; its ends are found by
    /// bisection between the estimate and -1 or 1.
    var interval: ConfidenceInterval {
        let estimate = (b - c) / n
        let z = ConfidenceInterval.normalQuantile
        return ConfidenceInterval(
            lower: bisect(from: -1, to: estimate) { statistic($0) > z },
            upper: bisect(from: estimate, to: 1) { statistic($0) > -z }
        )
    }

    /// The statistic at drop `d`, with the maximum likelihood estimate of the probability `q` that
    /// only the candidate is right, given `d`: the positive root of
    /// `2n q² + (-b - c + (2n - b + c) d) q - c d (1 - d) = 0`.
    private func statistic(_ d: Double) -> Double {
        let linear = -b - c + (2 * n - b + c) * d
        let constant = -c * d * (1 - d)
        let root = max(0, linear * linear - 8 * n * constant).squareRoot()
        let q = max(0, (root - linear) / (4 * n))
        let variance = n * (2 * q + d * (1 - d))
        let distance = b - c - n * d
        guard variance > 0 else {
            return distance == 0 ? 0 : distance > 0 ? .infinity : -.infinity
        }
        return distance / variance.squareRoot()
    }

    /// Where a condition that holds on the left stops to hold.
    private func bisect(
        from left: Double,
        to right: Double,
        _ holds: (Double) -> Bool
    ) -> Double {
        var (low, high) = (left, right)
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if holds(middle) { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
