import AgentProtocol
import CPlatform

/// How long to wait after failures: at random between the least wait and a bound that doubles with
/// every failure, so that a fleet does not return at one instant.
struct Backoff {
    private let minMilliseconds: UInt64
    private let maxMilliseconds: UInt64
    private(set) var failureCount: UInt64 = 0

    init(_ limits: Configuration.Limits) {
        minMilliseconds = limits.backoffMin
        maxMilliseconds = limits.backoffMax
    }

    mutating func succeed() { failureCount = 0 }

    /// Counts a failure.
    ///
    /// - Parameters:
    ///   - retryAfterSeconds: what the collector asks for; believed up to the longest wait.
    ///   - random: any number.
    /// - Returns: the wait in milliseconds.
    mutating func fail(retryAfterSeconds: UInt64?, random: UInt64) -> UInt64 {
        let shift = min(failureCount, 32)
        failureCount += 1
        let bound = min(maxMilliseconds, minMilliseconds << (shift + 1))
        let asked = min(maxMilliseconds / 1_000, retryAfterSeconds ?? 0) * 1_000
        return max(asked, minMilliseconds + random % (bound - minMilliseconds + 1))
    }
}
