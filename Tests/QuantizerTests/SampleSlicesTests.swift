import Quantizer
import Testing

@Suite("Slices and top classes")
struct SampleSlicesTests {
    @Test("slices are ordered, as numbers when all are, and keep their samples' order")
    func order() throws {
        let numbers = try SampleSlices(marks: ["10", "9", "10", "-1"], sampleCount: 4)
        #expect(numbers.slices.map(\.name) == ["-1", "9", "10"])
        #expect(numbers.slices.map(\.samples) == [[3], [1], [0, 2]])
        let words = try SampleSlices(marks: ["night", "day", "10"], sampleCount: 3)
        #expect(words.slices.map(\.name) == ["10", "day", "night"])
    }

    @Test("one mark a sample, and no more different ones than groups can have")
    func refusals() {
        #expect(throws: EvaluationError.countMismatch(predictions: 2, labels: 1)) {
            try SampleSlices(marks: ["a"], sampleCount: 2)
        }
        #expect(throws: EvaluationError.tooManySlices(count: 1_001, limit: 1_000)) {
            try SampleSlices(marks: (0..<1_001).map { "\($0)" }, sampleCount: 1_001)
        }
    }

    @Test("of equal scores the first class ranks higher, and NaN ranks below all")
    func topClasses() {
        let scores: [Float] = [0.1, 0.5, .nan, 0.5, 0.2]
        #expect(TopClasses.contain(1, in: scores, count: 1))
        #expect(!TopClasses.contain(3, in: scores, count: 1))
        #expect(TopClasses.contain(3, in: scores, count: 2))
        #expect(TopClasses.contain(0, in: scores, count: 4))
        #expect(!TopClasses.contain(2, in: scores, count: 5))
        #expect(!TopClasses.contain(5, in: scores, count: 5))
    }
}
