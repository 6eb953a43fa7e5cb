/// How the range of an 8-bit tensor is chosen from the values that were seen.
public enum RangeMethod: Sendable, Hashable {
    /// The smallest and the largest value.
    case minMax
    /// The range that leaves out half of `1 - share` of the values on each side; in `0...1`.
    case percentile(share: Double)
    /// The range with the least expected squared error of clipping and rounding to 8 bits.
    case meanSquaredError

    /// The method's name in reports.
    public var name: String {
        switch self {
        case .minMax: "min-max"
        case .percentile(let share): "percentile \(share * 100)"
        case .meanSquaredError: "mean squared error"
        }
    }
}

extension ValueHistogram {
    /// The range that a method chooses, widened to hold 0, which must be exactly representable.
    ///
    /// - Returns: `0...0` when no value but 0 was seen.
    public func range(_ method: RangeMethod) -> ClosedRange<Double> {
        guard count > 0 else { return 0...0 }
        let full = min(Double(minimum), 0)...max(Double(maximum), 0)
        guard !counts.isEmpty else { return full }
        switch method {
        case .minMax: return full
        case .percentile(let share): return percentileRange(share).clamped(to: full)
        case .meanSquaredError: return RangeSearch(self, full: full).best()
        }
    }

    private func percentileRange(_ share: Double) -> ClosedRange<Double> {
        let tail = UInt64((Double(count) * max(0, min(1, 1 - share)) / 2).rounded(.down))
        var (low, high) = (counts.indices.lowerBound, counts.indices.upperBound - 1)
        let middle = ValueHistogram.binCount / 2
        // Zeros lie between the negative and the positive bins.
        var left = tail
        while low < middle, counts[low] <= left {
            left -= counts[low]
            low += 1
        }
        left = tail
        while high >= middle, counts[high] <= left {
            left -= counts[high]
            high -= 1
        }
        let lower = low < middle ? centre(low) - binWidth / 2 : 0
        let upper = high >= middle ? centre(high) + binWidth / 2 : 0
        return lower...upper
    }
}

/// The search for the range with the least expected squared error.
///
/// A value inside the range is off by a rounding error of mean square `step² / 12`, a value outside
/// by its distance to the nearest bound; zeros are exact. Both bounds shrink on grids that depend
/// on nothing but the extremes, first together, then each on its own until neither helps.
private struct RangeSearch {
    private static let gridCount = 128
    let full: ClosedRange<Double>
    /// The centre and count of each bin that is not empty, ascending.
    private let bins: [(centre: Double, count: Double)]

    init(_ histogram: ValueHistogram, full: ClosedRange<Double>) {
        self.full = full
        bins = histogram.counts.indices.filter { histogram.counts[$0] > 0 }.map {
            let centre = min(max(histogram.centre($0), full.lowerBound), full.upperBound)
            return (centre, Double(histogram.counts[$0]))
        }
    }

    func best() -> ClosedRange<Double> {
        let grid = (1...Self.gridCount).map { Double($0) / Double(Self.gridCount) }
        var (low, high) = (1.0, 1.0)
        var least = error(low, high)
        func attempt(_ candidateLow: Double, _ candidateHigh: Double) {
            let error = error(candidateLow, candidateHigh)
            guard error < least else { return }
            (least, low, high) = (error, candidateLow, candidateHigh)
        }
        for share in grid { attempt(share, share) }
        var before = Double.infinity
        while least < before {
            before = least
            if full.lowerBound < 0 { for share in grid { attempt(share, high) } }
            if full.upperBound > 0 { for share in grid { attempt(low, share) } }
        }
        return full.lowerBound * low...full.upperBound * high
    }

    private func error(_ lowShare: Double, _ highShare: Double) -> Double {
        let (low, high) = (full.lowerBound * lowShare, full.upperBound * highShare)
        let step = (high - low) / 255
        let rounding = step * step / 12
        var sum = 0.0
        for (centre, count) in bins {
            let distance = centre - min(max(centre, low), high)
            sum += count * (distance == 0 ? rounding : distance * distance)
        }
        return sum
    }
}
