/// How often a tensor took which values: 2,048 bins around 0 in fixed memory.
///
/// Bin `i` counts the values in `[(i - 1024) * w, (i - 1023) * w)`. The width `w = 2^exponent` is
/// the smallest power of two at which every value seen so far has a bin. It doubles when a value
/// does not fit, and then each new bin is exactly the union of two old ones, because
/// `floor(x / 2w) = floor(floor(x / w) / 2)`. Counts are integers. So the histogram depends on the
/// values alone, never on their order or grouping.
public struct ValueHistogram: Sendable, Hashable {
    /// The number of bins, half of them for negative values.
    public static let binCount = 2_048
    private static let half = binCount / 2

    /// The counts; empty until the first value that is not 0.
    public private(set) var counts: [UInt64] = []
    /// The width of a bin is `2^exponent`.
    public private(set) var exponent = Int.min
    /// The values that are exactly 0; they are in no bin.
    public private(set) var zeroCount: UInt64 = 0
    /// The values that are NaN or infinite; they are in no bin.
    public private(set) var nonFiniteCount: UInt64 = 0
    /// The smallest finite value; infinity before the first.
    public private(set) var minimum = Float.infinity
    /// The largest finite value; minus infinity before the first.
    public private(set) var maximum = -Float.infinity

    /// Makes an empty histogram.
    public init() {}

    /// The number of finite values.
    public var count: UInt64 { counts.reduce(zeroCount, &+) }
    /// The width of a bin; 0 while there is none.
    public var binWidth: Double {
        counts.isEmpty ? 0 : Double(sign: .plus, exponent: exponent, significand: 1)
    }

    /// The middle of a bin.
    func centre(_ bin: Int) -> Double { (Double(bin - Self.half) + 0.5) * binWidth }

    /// Counts values.
    ///
    /// - Returns: The smallest and the largest of them that are finite; `nil` when none is.
    @discardableResult
    public mutating func add(_ values: [Float]) -> ClosedRange<Float>? {
        var (low, high) = (Float.infinity, -Float.infinity)
        for value in values where value.isFinite {
            low = min(low, value)
            high = max(high, value)
        }
        guard low <= high else {
            nonFiniteCount &+= UInt64(values.count)
            return nil
        }
        minimum = min(minimum, low)
        maximum = max(maximum, high)
        let exponents = [low, high].compactMap(ValueHistogram.exponent)
        if let needed = exponents.max() { grow(to: needed) }
        count(values)
        return low...high
    }

    private mutating func count(_ values: [Float]) {
        let scale = counts.isEmpty ? 0 : 1 / binWidth
        var (zeros, nonFinite): (UInt64, UInt64) = (0, 0)
        counts.withUnsafeMutableBufferPointer { counts in
            for value in values {
                if value == 0 {
                    zeros &+= 1
                } else if value.isFinite {
                    // Exact: the scale is a power of two, and the quotient is within ±1024.
                    let place = Double(value) * scale
                    // Exact: the scale is a power of two, and the quotient is within ±1024.
                    let whole = Int(place)
                    let bin = place < Double(whole) ? whole &- 1 : whole
                    counts[bin &+ ValueHistogram.half] &+= 1
                } else {
                    nonFinite &+= 1
                }
            }
        }
        zeroCount &+= zeros
        nonFiniteCount &+= nonFinite
    }

    /// The smallest exponent at which a value has a bin; `nil` for 0.
    private static func exponent(_ value: Float) -> Int? {
        guard value != 0 else { return nil }
        let wide = Double(value)
        let exponent = Int(wide.exponent) - 9  // half = 2^10 bins reach below 2^(exponent + 10)
        // A negative power of two is the lower edge of the first bin of the next finer width.
        return wide < 0 && wide.significand == 1 ? exponent - 1 : exponent
    }

    private mutating func grow(to needed: Int) {
        if counts.isEmpty {
            counts = [UInt64](repeating: 0, count: Self.binCount)
            exponent = needed
        }
        while exponent < needed {
            var merged = [UInt64](repeating: 0, count: Self.binCount)
            for bin in 0..<Self.binCount where counts[bin] > 0 {
                merged[((bin - Self.half) >> 1) + Self.half] &+= counts[bin]
            }
            counts = merged
            exponent += 1
        }
    }

    /// The share of values outside a range, in `0...1`, by the middles of their bins, or by the
    /// extremes where those are nearer.
    public func shareOutside(_ range: ClosedRange<Double>) -> Double {
        guard count > 0 else { return 0 }
        var outside: UInt64 = range.contains(0) ? 0 : zeroCount
        for bin in counts.indices where counts[bin] > 0 {
            let middle = min(max(centre(bin), Double(minimum)), Double(maximum))
            if !range.contains(middle) { outside &+= counts[bin] }
        }
        return Double(outside) / Double(count)
    }
}
