import Foundation

/// Numbers as the report words them.
enum Wording {
    /// A share as a percentage.
    static func percent(_ share: Double, digits: Int = 2) -> String {
        String(format: "%.\(digits)f %%", share * 100)
    }

    /// A difference of shares in percentage points, with its sign.
    static func points(_ share: Double) -> String {
        let text = String(format: "%.2f", abs(share * 100))
        return (share < 0 && text != "0.00" ? "−" : "") + text
    }

    /// A count with its thousands set apart.
    static func count(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        var text = number < 0 ? "−" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "\u{202F}" }
            text.append(digit)
        }
        return text
    }

    /// A count with a prefix of a thousand, a million or more, in three digits.
    static func short(_ number: Int) -> String {
        short(Double(number), units: ["", "k", "M", "G"])
    }

    /// A size in bytes, with the binary prefixes.
    static func bytes(_ size: Int) -> String {
        size < 1024
            ? "\(size) B" : short(Double(size), units: ["B", "KiB", "MiB", "GiB"], step: 1024)
    }

    /// A time in microseconds.
    static func time(microseconds: Double) -> String {
        short(microseconds, units: ["µs", "ms", "s"])
    }

    /// A real number in up to four digits.
    static func real(_ value: Double) -> String {
        let text = String(format: "%.4g", value)
        return text == "-0" ? "0" : text.replacingOccurrences(of: "-", with: "−")
    }

    static func decibels(_ value: Double) -> String { String(format: "%.1f dB", value) }

    private static func short(_ number: Double, units: [String], step: Double = 1000) -> String {
        var (value, unit) = (number, 0)
        while abs(value) >= step, unit + 1 < units.count {
            value /= step
            unit += 1
        }
        let digits = unit == 0 || abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : 2
        let text = String(format: "%.\(digits)f", value)
        return units[unit].isEmpty ? text : "\(text) \(units[unit])"
    }
}
