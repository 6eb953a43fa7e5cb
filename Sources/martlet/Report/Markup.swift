import Foundation

/// A piece of a page that is well-formed as HTML and as XML.
///
/// Only literals of the source become markup. What is interpolated is escaped, and nothing but
/// text, whole numbers and other pieces can be interpolated, so that no place can forget to.
struct Markup: ExpressibleByStringInterpolation, Sendable {
    private(set) var text: String

    static let empty: Markup = ""

    init(stringLiteral value: String) { text = value }
    init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

    /// Pieces one after the other.
    init(_ pieces: some Sequence<Markup>) { text = pieces.reduce(into: "") { $0 += $1.text } }

    static func + (left: Markup, right: Markup) -> Markup { Markup([left, right]) }
    static func += (left: inout Markup, right: Markup) { left.text += right.text }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ outside: String) { text += Markup.escaped(outside) }
        mutating func appendInterpolation(_ number: Int) { text += String(number) }
        mutating func appendInterpolation(_ piece: Markup) { text += piece.text }
        mutating func appendInterpolation(_ pieces: [Markup]) { text += Markup(pieces).text }
        /// A coordinate or a percentage, to two digits.
        mutating func appendInterpolation(at value: Double) { text += Markup.coordinate(value) }
    }

    /// A name out of a model: kept apart from the direction of the text around it, and cut.
    ///
    /// TensorFlow joins the names of what it fused by `;`, the best one first; a number stands for
    /// the rest.
    init(name: String) {
        let parts = name.split(separator: ";", maxSplits: Self.nameLengthMax)
        let first = parts.first ?? name[...]
        let isCut = first.count > Self.nameLengthMax
        let shown = String(first.prefix(Self.nameLengthMax)) + (isCut ? "…" : "")
        let rest: Markup = parts.count > 1 ? " <small>+\(parts.count - 1)</small>" : .empty
        self = "<bdi>\(shown)</bdi>\(rest)"
    }

    /// Longer names say nothing more and hide the rest of the page.
    static let nameLengthMax = 120

    /// Text for content and for quoted attributes.
    ///
    /// What XML forbids (its section 2.2) and what turns the direction of text becomes U+FFFD.
    static func escaped(_ outside: String) -> String {
        var text = ""
        text.reserveCapacity(outside.utf8.count)
        for scalar in outside.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            case "\n", "\t", "\r": text += " "
            case "\u{0}"..<" ", "\u{7F}"..."\u{9F}", "\u{FFFE}"..."\u{FFFF}",
                "\u{200E}"..."\u{200F}", "\u{2028}"..."\u{202E}", "\u{2066}"..."\u{2069}":
                text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// A coordinate to two digits, 0 for what is not a number.
    static func coordinate(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e9 else { return "0" }
        let hundredths = Int((abs(value) * 100).rounded())
        let sign = value < 0 && hundredths > 0 ? "-" : ""
        guard hundredths % 100 > 0 else { return "\(sign)\(hundredths / 100)" }
        let digits = hundredths % 100
        return "\(sign)\(hundredths / 100).\(digits < 10 ? "0" : "")\(digits)"
    }
}
