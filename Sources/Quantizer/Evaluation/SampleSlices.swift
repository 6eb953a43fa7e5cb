/// Groups of samples that are measured apart: a device, a place, a kind of light.
public struct SampleSlices: Sendable, Hashable {
    /// The names of the slices in ascending order, each with the places of its samples.
    public let slices: [Slice]

    /// One group of samples.
    public struct Slice: Sendable, Hashable {
        /// What the group's samples are marked with.
        public let name: String
        /// The places of its samples, ascending, at least one.
        public let samples: [Int]
    }

    /// Slices beyond this count are no groups but a column of another kind.
    public static let countMax = 1_000

    /// Groups samples by their marks.
    ///
    /// - Parameters:
    ///   - marks: one a sample. Marks that are all integers are ordered as numbers.
    ///   - sampleCount: the number of samples.
    /// - Throws: `EvaluationError` when there is not one mark a sample, or too many different ones.
    public init(marks: [String], sampleCount: Int) throws(EvaluationError) {
        guard marks.count == sampleCount, sampleCount > 0 else {
            throw .countMismatch(predictions: sampleCount, labels: marks.count)
        }
        var groups: [String: [Int]] = [:]
        for (sample, mark) in marks.enumerated() { groups[mark, default: []].append(sample) }
        guard groups.count <= SampleSlices.countMax else {
            throw .tooManySlices(count: groups.count, limit: SampleSlices.countMax)
        }
        let isNumeric = groups.keys.allSatisfy { Int($0) != nil }
        let names = groups.keys.sorted { a, b in
            isNumeric ? (Int(a) ?? 0, a) < (Int(b) ?? 0, b) : a < b
        }
        slices = names.map { Slice(name: $0, samples: groups[$0] ?? []) }
    }
}
