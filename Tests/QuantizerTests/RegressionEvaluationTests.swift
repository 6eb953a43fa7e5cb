import Testing

@testable import Quantizer

@Suite("Regression")
struct RegressionEvaluationTests {
    static let truths: [[Float]] = [[1, 2], [3, -1], [0.5, 4], [2, 2], [-1, 0]]
    static let coarse: [[Float]] = [[1.5, 1], [2.5, -1], [0, 4.5], [2, 3], [-1.5, 0.5]]
    static let fine: [[Float]] = [[1.25, 1.5], [3, -0.5], [0, 4], [2.5, 2.5], [-1, 0]]

    // numpy 2.4.6, by the definitions; R² weights elements by their variance.
    @Test("errors and determination are those of the definitions")
    func metrics() throws {
        let result = try RegressionEvaluation(predictions: Self.coarse, truths: Self.truths)
        #expect(abs(result.meanAbsoluteError - 0.5) < 1e-12)
        #expect(abs(result.rootMeanSquaredError - 0.5916079783099616) < 1e-12)
        #expect(abs(try #require(result.determination) - 0.8565573770491803) < 1e-12)
        #expect(result.sampleErrors == [0.75, 0.25, 0.5, 0.5, 0.5])
    }

    // scipy 1.17.1: ttest_1samp(d, 0).confidence_interval(0.95).
    @Test(
        "the rise of the error has Student's paired interval",
        arguments: [
            (0.0, -0.052644510519779336, 0.5026445105197793),
            (0.1, -0.09542811681043079, 0.4904281168104307),
            (3.0, -1.4942998211175276, 0.2942998211175275),
        ]
    )
    func rise(rise: Double, lower: Double, upper: Double) throws {
        let reference = try RegressionEvaluation(predictions: Self.fine, truths: Self.truths)
        let candidate = try RegressionEvaluation(predictions: Self.coarse, truths: Self.truths)
        let interval = try #require(reference.riseInterval(to: candidate, rise: rise))
        #expect(abs(interval.lower - lower) < 1e-9 && abs(interval.upper - upper) < 1e-9)
    }

    // scipy 1.17.1: the least n with t.ppf(0.975, n - 1) s / √n below the distance of the mean.
    @Test(
        "the gate names the samples that would decide",
        arguments: [
            (0.0, GateVerdict.inconclusive(neededSampleCount: 7)),
            (0.1, .inconclusive(neededSampleCount: 8)), (3.0, .inconclusive(neededSampleCount: 9)),
            (20.0, .pass),
        ]
    )
    func gate(rise: Double, expected: GateVerdict) throws {
        let reference = try RegressionEvaluation(predictions: Self.fine, truths: Self.truths)
        let candidate = try RegressionEvaluation(predictions: Self.coarse, truths: Self.truths)
        #expect(reference.verdict(candidate: candidate, maximalRise: rise) == expected)
    }

    @Test("an error that is always higher fails; equal errors pass")
    func certain() throws {
        let worse = Self.truths.map { $0.map { $0 + 1 } }
        let exact = try RegressionEvaluation(predictions: Self.truths, truths: Self.truths)
        let candidate = try RegressionEvaluation(predictions: worse, truths: Self.truths)
        #expect(exact.verdict(candidate: candidate, maximalRise: 0.5) == .fail)
        #expect(exact.verdict(candidate: exact, maximalRise: 0) == .pass)
    }

    // scipy 1.17.1: t.ppf(0.975, n).
    @Test(
        "Student's quantile",
        arguments: [
            (1, 12.706204736174694), (4, 2.7764451051977934), (29, 2.045229642132703),
            (199, 1.9719565442517533), (9_999, 1.960201263621357), (10_000, 1.960201239890626),
        ]
    )
    func student(degreesOfFreedom: Double, expected: Double) {
        let quantile = BetaFunction.studentQuantile(degreesOfFreedom: degreesOfFreedom)
        #expect(abs(quantile - expected) < 1e-7)
    }

    @Test("samples of other counts and NaN are refused; a constant truth has no determination")
    func refusals() throws {
        #expect(throws: EvaluationError.countMismatch(predictions: 1, labels: 2)) {
            try RegressionEvaluation(predictions: [[1]], truths: [[1], [2]])
        }
        #expect(throws: EvaluationError.countMismatch(predictions: 2, labels: 1)) {
            try RegressionEvaluation(predictions: [[1, 2]], truths: [[1]])
        }
        #expect(throws: EvaluationError.notANumber(sample: 0)) {
            try RegressionEvaluation(predictions: [[.nan]], truths: [[1]])
        }
        let constant = try RegressionEvaluation(predictions: [[1], [2]], truths: [[3], [3]])
        #expect(constant.determination == nil)
    }
}
