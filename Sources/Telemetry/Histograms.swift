/// A log-linear histogram of latencies in microseconds.
///
/// Bins 0...7 hold 0...7 µs exactly; above, every octave has 8 bins of equal width, so a bin is at
/// most 12.5 % wide and its middle at most 6.25 % off. Bin 207, the last, holds everything from
/// 15·2²⁴ µs (four minutes) on. Counts saturate and never wrap.
public struct LatencyHistogram: Sendable, Equatable {
    /// The number of bins.
    public static let binCount = 208

    /// The counts, `binCount` of them.
    public private(set) var counts: [UInt32]

    /// Makes an empty histogram.
    public init() { counts = [UInt32](repeating: 0, count: LatencyHistogram.binCount) }

    /// Makes a histogram of known counts; `nil` unless there are `binCount`.
    public init?(counts: [UInt32]) {
        guard counts.count == LatencyHistogram.binCount else { return nil }
        self.counts = counts
    }

    /// The bin of a latency.
    public static func bin(of microseconds: UInt64) -> Int {
        guard microseconds >= 8 else { return Int(microseconds) }
        let octave = 63 - microseconds.leadingZeroBitCount
        let part = Int(truncatingIfNeeded: microseconds >> UInt64(octave - 3)) & 7
        return min(8 * (octave - 2) + part, binCount - 1)
    }

    /// The smallest latency of a bin, in microseconds.
    public static func lowerBound(ofBin bin: Int) -> UInt64 {
        precondition((0...binCount).contains(bin))
        guard bin >= 8 else { return UInt64(bin) }
        return UInt64(8 + bin % 8) << UInt64(bin / 8 - 1)
    }

    /// Counts one latency.
    public mutating func record(_ microseconds: UInt64) {
        counts[LatencyHistogram.bin(of: microseconds)].addSaturating(1)
    }

    /// Adds the counts of another histogram.
    public mutating func merge(_ other: LatencyHistogram) {
        for bin in counts.indices { counts[bin].addSaturating(other.counts[bin]) }
    }

    /// The number of recorded latencies.
    public var total: UInt64 { counts.reduce(0) { $0 + UInt64($1) } }

    /// An upper bound of the latency that a share of the recorded ones does not exceed.
    ///
    /// - Parameter permille: the share in thousandths, 1...1000.
    /// - Returns: The upper end of the bin in microseconds; `nil` when nothing was recorded.
    public func quantile(permille: UInt64) -> UInt64? {
        let total = total
        guard total > 0 else { return nil }
        let rank = max(1, (total * permille + 999) / 1_000)
        var seen: UInt64 = 0
        for (bin, count) in counts.enumerated() {
            seen += UInt64(count)
            if seen >= rank { return LatencyHistogram.lowerBound(ofBin: bin + 1) - 1 }
        }
        return nil
    }

    mutating func clear() {
        for bin in counts.indices { counts[bin] = 0 }
    }
}

/// The exact distribution of the stored values -128...127 of one tensor.
///
/// Counts saturate.
public struct CodeHistogram: Sendable, Equatable {
    /// The number of bins, one for each stored value.
    public static let binCount = 256

    /// The counts of the values -128...127 in this order.
    public private(set) var counts: [UInt32]

    /// Makes an empty histogram.
    public init() { counts = [UInt32](repeating: 0, count: CodeHistogram.binCount) }

    /// Makes a histogram of known counts; `nil` unless there are 256.
    public init?(counts: [UInt32]) {
        guard counts.count == CodeHistogram.binCount else { return nil }
        self.counts = counts
    }

    /// Counts stored bytes, each read as Int8.
    public mutating func record(_ bytes: UnsafeRawBufferPointer) {
        for index in 0..<bytes.count {
            // Safe: the index runs over the buffer's own count.
            counts[Int(unsafe bytes[index] ^ 0x80)].addSaturating(1)
        }
    }

    /// Adds the counts of another histogram.
    public mutating func merge(_ other: CodeHistogram) {
        for bin in counts.indices { counts[bin].addSaturating(other.counts[bin]) }
    }

    /// How many values lie at either end of the range, where quantization clips.
    public var edgeCount: UInt64 { UInt64(counts[0]) + UInt64(counts[255]) }

    mutating func clear() {
        for bin in counts.indices { counts[bin] = 0 }
    }
}

extension UInt32 {
    /// Adds without wrapping: the largest value stands for itself and everything above.
    mutating func addSaturating(_ other: UInt32) {
        let (sum, overflow) = addingReportingOverflow(other)
        self = overflow ? .max : sum
    }
}
