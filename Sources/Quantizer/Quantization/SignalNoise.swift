import Glibc

/// The power of a signal and of what disturbs it.
struct SignalNoise: Sendable {
    private(set) var signal = 0.0
    private(set) var noise = 0.0

    mutating func add(_ truth: Double, _ value: Double) {
        signal += truth * truth
        noise += (truth - value) * (truth - value)
    }

    mutating func add(_ other: SignalNoise) {
        signal += other.signal
        noise += other.noise
    }

    /// `10 log10(signal / noise)`; `nil` when nothing disturbs the signal or there is none.
    var decibels: Double? {
        noise > 0 && signal > 0 ? 10 * log10(signal / noise) : nil
    }
}

extension Double {
    /// The number with one digit after the point, for messages.
    var shortText: String {
        guard isFinite, abs(self) < 1e15 else { return "\(self)" }
        let tenths = Int((self * 10).rounded())
        return "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }
}
