import Quantizer
import Testing

@Suite("Anomaly scores")
struct RankingEvaluationTests {
    static let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0].map { $0 == 1 }
    static let first = [0.1, 0.4, 0.35, 0.8, 0.2, 0.5, 0.9, 0.4, 0.7, 0.65, 0.3, 0.05]
    static let second = [0.2, 0.3, 0.5, 0.7, 0.1, 0.5, 0.8, 0.5, 0.9, 0.35, 0.4, 0.15]

    // scipy 1.17.1, mannwhitneyu(...).statistic / (m n); the errors by DeLong's definition over all
    // pairs (numpy 2.4.6: ψ = (x > y) + (x == y) / 2, variances of its row and column means).
    @Test("area, error and interval are those of the definition over all pairs")
    func area() throws {
        let ranking = try RankingEvaluation(scores: Self.first, labels: Self.labels)
        #expect(abs(ranking.area - 0.7571428571428571) < 1e-12)
        #expect(abs(try #require(ranking.standardError) - 0.14937511563198214) < 1e-12)
        let interval = try #require(ranking.areaInterval)
        #expect(abs(interval.lower - 0.38814377926366317) < 1e-12)
        #expect(abs(interval.upper - 0.9387323611719319) < 1e-12)
    }

    @Test("the loss of area on the same samples has DeLong's paired interval")
    func paired() throws {
        let one = try RankingEvaluation(scores: Self.first, labels: Self.labels)
        let two = try RankingEvaluation(scores: Self.second, labels: Self.labels)
        #expect(abs(two.area - 0.7714285714285715) < 1e-12)
        let interval = try #require(one.dropInterval(to: two))
        #expect(abs(interval.lower - -0.22690980786100315) < 1e-12)
        #expect(abs(interval.upper - 0.19833837928957446) < 1e-12)
        // The error falls with the root of the samples: 12 (z SE / (0.05 - drop))² = 131.27.
        #expect(
            one.verdict(candidate: two, maximalDrop: 0.05)
                == .inconclusive(neededSampleCount: 132)
        )
        #expect(one.verdict(candidate: two, maximalDrop: 0.2) == .pass)
        #expect(one.verdict(candidate: one, maximalDrop: 0) == .pass)
    }

    @Test("a perfect ranking has an interval as wide as its rarer kind allows")
    func perfect() throws {
        let labels = [false, false, false, true, true]
        let ranking = try RankingEvaluation(scores: [1, 2, 3, 4, 5], labels: labels)
        #expect(ranking.area == 1)
        let interval = try #require(ranking.areaInterval)
        // scipy 1.17.1: binomtest(2, 2).proportion_ci(method="wilson").
        #expect(abs(interval.lower - 0.3423802275) < 1e-9 && interval.upper == 1)
        let reversed = try RankingEvaluation(scores: [5, 4, 3, 2, 1], labels: labels)
        #expect(reversed.area == 0 && reversed.areaInterval?.lower == 0)
    }

    @Test("scores without two kinds of samples, or that are no numbers, are refused")
    func refusals() throws {
        #expect(throws: EvaluationError.oneKindOnly(positives: 2, negatives: 0)) {
            try RankingEvaluation(scores: [1, 2], labels: [true, true])
        }
        #expect(throws: EvaluationError.notANumber(sample: 1)) {
            try RankingEvaluation(scores: [1, .nan], labels: [true, false])
        }
        #expect(throws: EvaluationError.countMismatch(predictions: 1, labels: 2)) {
            try RankingEvaluation(scores: [1], labels: [true, false])
        }
        let small = try RankingEvaluation(scores: [1, .infinity], labels: [false, true])
        #expect(small.area == 1 && small.areaInterval == nil)
    }
}
