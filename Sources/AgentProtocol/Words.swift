/// A walk over the parts of a text; empty parts are passed over.
///
/// Not inlined: the copies would cost the agent more than all else that reads a machine's facts.
struct Words {
    private let text: [UInt8]
    private var place = 0

    init(_ text: [UInt8]) { self.text = text }

    /// The next word's number; `nil` when there is none or it is none.
    @inline(never)
    mutating func nextNumber() -> UInt64? {
        guard let word = next(0x20) else { return nil }
        return Decimal.read(word[...])
    }

    /// The bytes up to the next separator; `nil` at the end.
    ///
    /// With a space as separator a tab separates too.
    @inline(never)
    mutating func next(_ separator: UInt8) -> [UInt8]? {
        var word: [UInt8] = []
        while place < text.count {
            let byte = text[place]
            place += 1
            if byte != separator, separator != 0x20 || byte != 0x09 {
                word.append(byte)
            } else if !word.isEmpty {
                return word
            }
        }
        return word.isEmpty ? nil : word
    }
}

extension [UInt8] {
    /// Whether these bytes are those of a literal.
    @inline(never)
    func equals(_ text: StaticString) -> Bool { self == TextLine(text).bytes }
}
