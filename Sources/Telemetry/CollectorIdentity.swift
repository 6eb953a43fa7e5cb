/// The public keys of a collector, as one line of text:
/// `martlet-collector-1 ` and 128 lower-case hexadecimal digits.
public struct CollectorIdentity: Sendable, Equatable {
    static let prefix = [UInt8]("martlet-collector-1 ".utf8)

    /// The Ed25519 key that signs acknowledgements.
    public var signingKey: [UInt8]
    /// The X25519 key to which batches are sealed.
    public var sealingKey: [UInt8]

    /// Makes an identity from its two keys of 32 bytes.
    public init(signingKey: [UInt8], sealingKey: [UInt8]) {
        precondition(signingKey.count == 32 && sealingKey.count == 32)
        self.signingKey = signingKey
        self.sealingKey = sealingKey
    }

    /// Reads the line; `nil` when it is not one, apart from white space at its end.
    public init?(line: [UInt8]) {
        var line = line
        while let last = line.last, last == 0x0A || last == 0x0D || last == 0x20 {
            line.removeLast()
        }
        guard line.starts(with: CollectorIdentity.prefix),
            let keys = Hexadecimal.decode(line.dropFirst(CollectorIdentity.prefix.count)),
            keys.count == 64
        else { return nil }
        signingKey = [UInt8](keys[0..<32])
        sealingKey = [UInt8](keys[32..<64])
    }

    /// The line, without a line feed.
    public var line: [UInt8] {
        CollectorIdentity.prefix + Hexadecimal.encode(signingKey + sealingKey)
    }
}

/// Bytes as lower-case hexadecimal digits.
public enum Hexadecimal {
    /// The digits of some bytes.
    public static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
        return text
    }

    /// The bytes that digits write; `nil` for an odd count or another character.
    public static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text {
            guard let value = value(character) else { return nil }
            if let pending = high {
                bytes.append(pending << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x57 + nibble
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x61...0x66: character - 0x57
        default: nil
        }
    }
}
