import Quantizer
import Testing

@Suite("Histograms of values")
struct ValueHistogramTests {
    static func values(_ seed: UInt64, count: Int) -> [Float] {
        var random = SplitMix64(state: seed)
        return (0..<count).map { _ in
            let magnitude = Float(sign: .plus, exponent: random.integer(-30...20), significand: 1)
            let value = Float.random(in: -1...1, using: &random) * magnitude
            return random.integer(0...9) == 0 ? 0 : value
        }
    }

    @Test("the histogram depends on the values, not on their order or grouping", arguments: 1...20)
    func order(seed: UInt64) {
        let values = Self.values(seed, count: 500)
        var random = SplitMix64(state: seed &+ 1_000)
        var whole = ValueHistogram()
        whole.add(values)
        var pieces = ValueHistogram()
        var rest = values.shuffled(using: &random)[...]
        while !rest.isEmpty {
            let piece = rest.prefix(random.integer(1...50))
            pieces.add(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        #expect(whole == pieces, "seed \(seed)")
    }

    @Test("every finite value is counted once", arguments: 1...5)
    func count(seed: UInt64) {
        var histogram = ValueHistogram()
        for _ in 0..<3 { histogram.add(Self.values(seed, count: 100)) }
        #expect(histogram.count == 300)
    }

    @Test(
        "a value at the edge of the last bin doubles the width, one at the first bin's does not",
        arguments: [(Float(1024), 1), (-1024, 0), (1023.5, 0), (-1024.5, 1), (1, -9), (-1, -10)]
    )
    func edges(value: Float, exponent: Int) {
        var histogram = ValueHistogram()
        histogram.add([value])
        #expect(histogram.exponent == exponent)
        #expect(histogram.counts.reduce(0, +) == 1)
    }

    @Test("the smallest and the largest float32 have bins")
    func extremes() {
        var histogram = ValueHistogram()
        histogram.add([.leastNonzeroMagnitude, -.leastNonzeroMagnitude])
        histogram.add([.greatestFiniteMagnitude, -.greatestFiniteMagnitude])
        #expect(histogram.count == 4)
        #expect(histogram.minimum == -.greatestFiniteMagnitude)
    }

    @Test("NaN and infinity are counted apart")
    func nonFinite() {
        var histogram = ValueHistogram()
        histogram.add([.nan, .infinity])
        histogram.add([1, -.infinity])
        #expect(histogram.nonFiniteCount == 3)
        #expect(histogram.count == 1)
        #expect(histogram.maximum == 1)
    }
}

@Suite("Ranges from histograms")
struct RangeMethodTests {
    @Test("min-max is the range of the values with 0")
    func minMax() {
        var histogram = ValueHistogram()
        histogram.add([0.5, 3, 2])
        #expect(histogram.range(.minMax) == 0...3)
        histogram.add([-0.25])
        #expect(histogram.range(.minMax) == -0.25...3)
    }

    @Test("a percentile leaves out what lies beyond it")
    func percentile() {
        var histogram = ValueHistogram()
        histogram.add((1...1000).map { Float($0) })
        histogram.add([100_000])
        let range = histogram.range(.percentile(share: 0.99))
        // Bins are 128 wide once 100,000 has one; five values are left out.
        #expect((900...1024).contains(range.upperBound))
        #expect(range.lowerBound == 0)
    }

    @Test("a percentile of everything is min-max within a bin")
    func wholePercentile() {
        var histogram = ValueHistogram()
        histogram.add([-7, 1, 2, 9])
        let range = histogram.range(.percentile(share: 1))
        #expect(abs(range.lowerBound + 7) <= histogram.binWidth)
        #expect(abs(range.upperBound - 9) <= histogram.binWidth)
    }

    @Test("the squared error drops one outlier among many small values")
    func outlier() {
        var histogram = ValueHistogram()
        var random = SplitMix64(state: 7)
        histogram.add((0..<200_000).map { _ in Float.random(in: 0...1, using: &random) })
        histogram.add([10])
        let range = histogram.range(.meanSquaredError)
        #expect(range.upperBound < 8)
        #expect(range.upperBound >= 1)
    }

    @Test("the squared error keeps the range of evenly spread values", arguments: 1...5)
    func uniform(seed: UInt64) {
        var histogram = ValueHistogram()
        var random = SplitMix64(state: seed)
        histogram.add((0..<10_000).map { _ in Float.random(in: -1...1, using: &random) })
        let range = histogram.range(.meanSquaredError)
        #expect(range.lowerBound < -0.95 && range.upperBound > 0.95, "seed \(seed)")
    }

    @Test(
        "zeros alone have the range of 0",
        arguments: [RangeMethod.minMax, .meanSquaredError, .percentile(share: 0.9)]
    )
    func zeros(method: RangeMethod) {
        var histogram = ValueHistogram()
        histogram.add([0, 0, 0])
        #expect(histogram.range(method) == 0...0)
        #expect(ValueHistogram().range(method) == 0...0)
    }
}
