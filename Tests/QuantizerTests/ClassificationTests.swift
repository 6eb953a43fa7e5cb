import Quantizer
import Testing

@Suite("Classification")
struct ClassificationTests {
    @Test("accuracy counts the diagonal of the confusion table")
    func accuracy() throws {
        let evaluation = try ClassificationEvaluation(
            predictions: [0, 1, 1, 2],
            labels: [0, 1, 2, 2],
            classCount: 3
        )
        #expect(evaluation.confusion == [[1, 0, 0], [0, 1, 0], [0, 1, 1]])
        #expect(evaluation.accuracy == 0.75)
    }

    // scipy 1.17.1: binomtest(901, 1000).proportion_ci(method="wilson"), then 10/10 and 0/10.
    @Test(
        "the interval equals an independent implementation of Wilson's score",
        arguments: [
            (901, 1000, 0.8809263811, 0.9180045586), (10, 10, 0.7224672001, 1.0),
            (0, 10, 0.0, 0.2775327999),
        ]
    )
    func wilson(successes: Int, trials: Int, lower: Double, upper: Double) {
        let interval = ProportionInterval(successes: successes, trials: trials)
        #expect(abs(interval.lower - lower) < 1e-9)
        #expect(abs(interval.upper - upper) < 1e-9)
    }

    @Test("a label outside the classes is refused with its place")
    func labelOutOfRange() {
        #expect(throws: EvaluationError.classOutOfRange(sample: 1, value: 9, classCount: 3)) {
            try ClassificationEvaluation(predictions: [0, 1], labels: [0, 9], classCount: 3)
        }
    }

    @Test("labels that do not match the samples are refused")
    func countMismatch() {
        #expect(throws: EvaluationError.countMismatch(predictions: 2, labels: 1)) {
            try ClassificationEvaluation(predictions: [0, 1], labels: [0], classCount: 2)
        }
    }
}
