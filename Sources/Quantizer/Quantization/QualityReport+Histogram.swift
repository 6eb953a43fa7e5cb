extension QualityReport {
    /// How often a tensor took which values, in at most 64 bins of one width.
    ///
    /// Bin `i` counts the values in `[lowest + i * binWidth, lowest + (i + 1) * binWidth)`.
    public struct Histogram: Sendable, Hashable, Codable {
        /// As many bins as a small drawing can show apart.
        public static let binCountMax = 64

        /// The lower edge of the first bin.
        public let lowest: Double
        /// The width of a bin, above 0.
        public let binWidth: Double
        /// The values in each bin, the first and the last not 0.
        public let counts: [UInt64]
        /// The values that are exactly 0; they are in no bin.
        public let zeroCount: UInt64

        /// The upper edge of the last bin.
        public var highest: Double { lowest + Double(counts.count) * binWidth }

        /// Merges the bins of a fine histogram by `k`, the smallest number that leaves few enough.
        ///
        /// Edges of new bins are multiples of the new width and edges of old bins, so no count is
        /// divided.
        ///
        /// - Returns: `nil` when no value but 0 was seen.
        init?(_ fine: ValueHistogram) {
            let middle = ValueHistogram.binCount / 2
            guard let first = fine.counts.firstIndex(where: { $0 > 0 }),
                let last = fine.counts.lastIndex(where: { $0 > 0 })
            else { return nil }
            func bin(_ fine: Int, _ k: Int) -> Int {
                Int((Double(fine - middle) / Double(k)).rounded(.down))
            }
            var k = 1
            while bin(last, k) - bin(first, k) >= Self.binCountMax { k += 1 }
            let start = bin(first, k)
            var merged = [UInt64](repeating: 0, count: bin(last, k) - start + 1)
            for index in first...last { merged[bin(index, k) - start] += fine.counts[index] }
            counts = merged
            binWidth = fine.binWidth * Double(k)
            lowest = Double(start) * binWidth
            zeroCount = fine.zeroCount
        }

        /// The width of the narrowest run of bins around the fullest that holds a share of the
        /// values that are not 0.
        func width(holding share: Double) -> Double {
            let total = counts.reduce(0, +)
            let needed = Double(total) * share
            guard var low = counts.indices.max(by: { counts[$0] < counts[$1] }) else { return 0 }
            var (high, held) = (low, counts[low])
            while Double(held) < needed {
                let left = low > 0 ? counts[low - 1] : 0
                let right = high + 1 < counts.count ? counts[high + 1] : 0
                if high + 1 >= counts.count || low > 0 && left >= right {
                    low -= 1
                    held += left
                } else {
                    high += 1
                    held += right
                }
            }
            return Double(high - low + 1) * binWidth
        }
    }
}
