/// A piece of a page, safe to send.
///
/// Only literals in the source become markup. Text that is interpolated is escaped, always, and no
/// other type than text, numbers and pieces can be interpolated at all: a page cannot be written
/// that forgets to escape.
struct HTML: ExpressibleByStringInterpolation, Sendable, Equatable {
    /// The markup.
    private(set) var text: String

    /// Nothing.
    static let empty = HTML(trusted: "")

    private init(trusted: String) { text = trusted }

    init(stringLiteral value: String) { text = value }

    init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

    /// Text from outside, escaped for content and for quoted attributes.
    init(escaping outside: String) {
        text = ""
        text.reserveCapacity(outside.utf8.count)
        for scalar in outside.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            case "\u{0}"..<" " where scalar != "\n" && scalar != "\t": text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    /// Pieces one after the other.
    init(_ pieces: some Sequence<HTML>) { text = pieces.map(\.text).joined() }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity * 2)
        }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ outside: String) {
            text += HTML(escaping: outside).text
        }
        mutating func appendInterpolation(_ number: some BinaryInteger) { text += "\(number)" }
        mutating func appendInterpolation(_ piece: HTML) { text += piece.text }
        mutating func appendInterpolation(_ pieces: [HTML]) { text += HTML(pieces).text }
        /// A coordinate of a drawing, to a tenth.
        mutating func appendInterpolation(at value: Double) {
            let tenths = Int64(clampingReal: (value * 10).rounded())
            text += "\(tenths / 10).\((tenths % 10).magnitude)"
        }
    }
}
