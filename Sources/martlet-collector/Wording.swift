import Foundation

/// Numbers and times as people read them.
enum Wording {
    /// A count with thin spaces between thousands.
    static func count(_ value: some BinaryInteger) -> String {
        let digits = Array("\(value)")
        var text = ""
        for (index, digit) in digits.enumerated() {
            let rest = digits.count - index
            if index > 0, rest % 3 == 0, digits[index - 1] != "-" { text += "\u{202F}" }
            text.append(digit)
        }
        return text
    }

    /// A duration with three significant digits at most.
    static func microseconds(_ value: UInt64?) -> String {
        guard let value else { return "–" }
        switch value {
        case 0..<1_000: return "\(value) µs"
        case 1_000..<1_000_000: return short(Double(value) / 1_000) + " ms"
        default: return short(Double(value) / 1_000_000) + " s"
        }
    }

    /// A time since something began.
    static func milliseconds(_ value: UInt64) -> String {
        let seconds = value / 1_000
        switch seconds {
        case 0..<120: return "\(seconds) s"
        case 120..<7_200: return "\(seconds / 60) min"
        case 7_200..<172_800: return "\(seconds / 3_600) h"
        default: return "\(seconds / 86_400) d"
        }
    }

    /// The beginning of a hash, enough to tell models apart.
    static func prefix(_ hash: [UInt8]?) -> String {
        hash.map { String(hexText($0).prefix(12)) } ?? "–"
    }

    private static func short(_ value: Double) -> String {
        let digits = value < 10 ? 2 : value < 100 ? 1 : 0
        return value.formatted(
            .number.precision(.fractionLength(digits)).grouping(.never)
                .locale(Locale(identifier: "en_US_POSIX"))
        )
    }
}
