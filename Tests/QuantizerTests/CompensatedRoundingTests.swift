import Foundation
import Testing

@testable import Quantizer

@Suite("Weights rounded by what their inputs are")
struct CompensatedRoundingTests {
    /// Rows of numbers that go together, as those of images do.
    private static func rows(_ random: inout SplitMix64, count: Int, depth: Int) -> [Double] {
        (0..<count).flatMap { _ -> [Double] in
            let common = Double.random(in: -1...1, using: &random)
            return (0..<depth).map { _ in common + 0.2 * .random(in: -1...1, using: &random) }
        }
    }

    private static func error(
        _ rows: [Double],
        _ weights: [Double],
        _ stored: [Int8],
        _ step: Double
    ) -> Double {
        let depth = weights.count
        return stride(from: 0, to: rows.count, by: depth).reduce(0) { sum, start in
            let difference = (0..<depth).reduce(0.0) {
                $0 + rows[start + $1] * (weights[$1] - Double(stored[$1]) * step)
            }
            return sum + difference * difference
        }
    }

    @Test("on inputs that go together the error falls to a fraction")
    func gain() throws {
        var logarithm = 0.0
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = SplitMix64(state: seed)
            let depth = random.integer(8...24)
            let rows = Self.rows(&random, count: 20 * depth, depth: depth)
            let weights = (0..<depth).map { _ in Double.random(in: -1...1, using: &random) }
            let step = 1.0 / 7
            let rounding = try #require(CompensatedRounding(rows: rows, depth: depth))
            let stored = rounding.rounded(weights, step: step, largest: 7)
            let nearest = weights.map { Int8(max(-7, min(7, ($0 / step).rounded()))) }
            #expect(stored.allSatisfy { (-7...7).contains($0) }, "seed \(seed)")
            logarithm += log(
                Self.error(rows, weights, stored, step) / Self.error(rows, weights, nearest, step)
            )
        }
        #expect(exp(logarithm / 40) < 0.6, "\(exp(logarithm / 40)) on the geometric mean")
    }

    @Test("no choice of neighbouring integers is much better", arguments: 1...10)
    func nearlyBest(seed: UInt64) throws {
        var random = SplitMix64(state: seed &+ 100)
        let depth = 6
        let rows = Self.rows(&random, count: 60, depth: depth)
        let weights = (0..<depth).map { _ in Double.random(in: -0.8...0.8, using: &random) }
        let step = 0.1
        let rounding = try #require(CompensatedRounding(rows: rows, depth: depth))
        let stored = rounding.rounded(weights, step: step, largest: 127)
        var best = Double.infinity
        for choice in 0..<(1 << depth) {
            let candidate = weights.enumerated().map { index, weight in
                Int8((weight / step).rounded(.down)) + Int8(choice >> index & 1)
            }
            best = min(best, Self.error(rows, weights, candidate, step))
        }
        #expect(Self.error(rows, weights, stored, step) <= 4 * best, "seed \(seed)")
    }

    @Test("uncorrelated inputs leave nothing to move: the nearest integers stay")
    func uncorrelated() throws {
        let rows: [Double] = (0..<8).flatMap { row in (0..<4).map { $0 == row % 4 ? 1 : 0 } }
        let rounding = try #require(CompensatedRounding(rows: rows, depth: 4))
        #expect(rounding.rounded([0.26, -0.26, 9, -9], step: 0.5, largest: 7) == [1, -1, 7, -7])
    }

    @Test("too few rows, inputs of zeros and large problems have no rounding")
    func refusals() {
        #expect(CompensatedRounding(rows: [1, 2, 3, 4], depth: 4) == nil)
        #expect(CompensatedRounding(rows: [Double](repeating: 0, count: 40), depth: 4) == nil)
        let depth = CompensatedRounding.depthMax + 1
        let rows = [Double](repeating: 1, count: 2 * depth * depth)
        #expect(CompensatedRounding(rows: rows, depth: depth) == nil)
        #expect(CompensatedRounding(rows: [], depth: 0) == nil)
    }

    @Test("the quick way to the nearest whole number is the library's", arguments: 1...5)
    func nearest(seed: UInt64) {
        var random = SplitMix64(state: seed)
        for _ in 0..<2_000 {
            let halves = Double(random.integer(-2_000...2_000)) / 2
            let any = Double.random(in: -1e6...1e6, using: &random)
            for value in [halves, any, halves.nextUp, halves.nextDown, any * 1e12] {
                #expect(StoredRange.nearest(value) == value.rounded(.toNearestOrAwayFromZero))
            }
        }
    }
}
