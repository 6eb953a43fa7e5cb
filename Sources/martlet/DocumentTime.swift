import ArgumentParser
import Foundation

/// A time on the command line: `2027-11-24`, `2027-11-24T12:00:00Z`, `+90d` from now, or `never`.
struct DocumentTime: ExpressibleByArgument {
    /// Unix seconds; 0 means never.
    let seconds: UInt64

    init(seconds: UInt64) { self.seconds = seconds }

    init?(argument: String) {
        if argument == "never" {
            seconds = 0
            return
        }
        if argument.hasPrefix("+"), argument.hasSuffix("d") {
            guard let days = UInt64(argument.dropFirst().dropLast()), days <= 36_525 else {
                return nil
            }
            seconds = HostClock.now + days * 86_400
            return
        }
        let text = argument.contains("T") ? argument : argument + "T00:00:00Z"
        guard let date = try? Date(text, strategy: .iso8601), date.timeIntervalSince1970 > 0 else {
            return nil
        }
        seconds = UInt64(date.timeIntervalSince1970)
    }

    /// How a time is written in results.
    static func text(_ seconds: UInt64) -> String {
        guard seconds > 0 else { return "never" }
        // The last second of the year 9999, beyond which the form has no years.
        guard seconds <= 253_402_300_799 else { return "\(seconds) s after 1970" }
        return Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }
}
