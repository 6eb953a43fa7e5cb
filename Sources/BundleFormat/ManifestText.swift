/// The words of which a manifest's lines are made.
enum ManifestText {
    static func decimal(_ value: UInt64) -> [UInt8] {
        guard value > 0 else { return [0x30] }
        var digits: [UInt8] = []
        var rest = value
        while rest > 0 {
            digits.append(0x30 + UInt8(rest % 10))
            rest /= 10
        }
        return digits.reversed()
    }

    static func hex(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for byte in bytes {
            for nibble in [byte >> 4, byte & 15] {
                text.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
            }
        }
        return text
    }

    /// The number that decimal digits without leading zeros write; `nil` for anything else.
    static func number(_ word: [UInt8]) -> UInt64? {
        guard (1...20).contains(word.count), word.count == 1 || word[0] != 0x30 else { return nil }
        var value: UInt64 = 0
        for byte in word {
            guard (0x30...0x39).contains(byte) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// The 32 bytes that 64 lower-case hexadecimal digits write; `nil` for anything else.
    static func hash(_ word: [UInt8]) -> [UInt8]? {
        guard word.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = nibble(word[index]), let low = nibble(word[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    /// Whether a word is visible ASCII within a length.
    static func isText(_ word: [UInt8], sizeMax: Int = ManifestLimits.textSizeMax) -> Bool {
        guard (1...sizeMax).contains(word.count) else { return false }
        for byte in word where !(0x21...0x7E).contains(byte) { return false }
        return true
    }

    /// Whether a word is made of `a`...`z`, `0`...`9`, `.`, `_` and `-`, and does not begin with
    /// a point.
    static func isName(_ word: [UInt8]) -> Bool {
        guard isText(word), word[0] != 0x2E else { return false }
        for byte in word {
            switch byte {
            case 0x61...0x7A, 0x30...0x39, 0x2D, 0x2E, 0x5F: continue
            default: return false
            }
        }
        return true
    }

    /// Whether `first` comes before `second` byte by byte.
    static func isOrdered(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        first.lexicographicallyPrecedes(second)
    }
}
