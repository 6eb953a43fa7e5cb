import Foundation

/// The server's wall clock in Unix milliseconds, and its text.
enum ServerTime {
    /// The time now.
    static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    /// A time in UTC to the second, as RFC 3339 writes it.
    static func text(_ milliseconds: Int64) -> String {
        // Far beyond any clock, and within what a calendar can be asked for.
        let seconds = min(max(milliseconds / 1_000, 0), 253_402_300_799)
        return Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }

    /// How long ago a time was, to its largest unit: `3 min ago`.
    static func relativeText(_ milliseconds: Int64, now: Int64) -> String {
        let seconds = max(0, now - milliseconds) / 1_000
        switch seconds {
        case 0..<2: return "now"
        case 2..<120: return "\(seconds) s ago"
        case 120..<7_200: return "\(seconds / 60) min ago"
        case 7_200..<172_800: return "\(seconds / 3_600) h ago"
        default: return "\(seconds / 86_400) d ago"
        }
    }
}
