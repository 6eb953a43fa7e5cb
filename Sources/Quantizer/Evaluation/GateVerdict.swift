/// Whether a candidate may take the place of a reference.
public enum GateVerdict: Sendable, Hashable {
    /// The whole interval of the drop is at or below the limit.
    case pass
    /// The whole interval of the drop is above the limit.
    case fail
    /// The limit lies inside the interval.
    ///
    /// `neededSampleCount` samples would decide if they showed the same rates as those at hand;
    /// `nil` when the estimate is the limit itself or more than `sampleCountMax` would be needed.
    case inconclusive(neededSampleCount: Int?)

    /// Needs beyond this count are not worth naming.
    public static let sampleCountMax = 1_000_000_000

    /// The verdict on an interval, and by what factor more samples would decide.
    ///
    /// - Parameters:
    ///   - interval: the interval of the drop.
    ///   - limit: the largest drop that passes.
    ///   - imagined: the interval if there were `factor` times as many samples.
    /// - Returns: The verdict, or the factor that would decide.
    static func of(
        _ interval: ConfidenceInterval,
        limit: Double,
        imagined: (_ factor: Double) -> ConfidenceInterval
    ) -> FactorVerdict {
        func decides(_ interval: ConfidenceInterval) -> Bool {
            interval.upper <= limit || interval.lower > limit
        }
        if interval.upper <= limit { return .decided(.pass) }
        if interval.lower > limit { return .decided(.fail) }
        var high = 2.0
        while high < Double(sampleCountMax), !decides(imagined(high)) { high *= 2 }
        guard high < Double(sampleCountMax) else { return .undecided(factor: nil) }
        var low = high / 2
        for _ in 0..<40 {
            let middle = (low + high) / 2
            if decides(imagined(middle)) { high = middle } else { low = middle }
        }
        return .undecided(factor: high)
    }
}

/// A verdict before the factor of samples becomes a count.
enum FactorVerdict {
    case decided(GateVerdict)
    case undecided(factor: Double?)

    /// The verdict when there are `sampleCount` samples at hand.
    func scaled(by sampleCount: Int) -> GateVerdict {
        switch self {
        case .decided(let verdict): return verdict
        case .undecided(nil): return .inconclusive(neededSampleCount: nil)
        case .undecided(let factor?):
            let needed = (factor * Double(sampleCount)).rounded(.up)
            guard needed <= Double(GateVerdict.sampleCountMax) else {
                return .inconclusive(neededSampleCount: nil)
            }
            return .inconclusive(neededSampleCount: Int(needed))
        }
    }
}
