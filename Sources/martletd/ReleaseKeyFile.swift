import AgentProtocol
import BundleFormat

/// Release public keys in minisign's form: a comment line, then base64 of `Ed`, an 8-byte number
/// and the 32 bytes of the key.
enum ReleaseKeyFile {
    private static let sizeMax = 1_024
    private static let decodedSize = 42

    /// Reads the files as one set of trusted keys.
    static func trusted(_ paths: [Path]) throws(AgentError) -> TrustedKeys {
        var keys: [PublicKey] = []
        for path in paths { keys.append(try read(path)) }
        guard let trusted = TrustedKeys(releaseKeys: keys) else {
            throw .usage("a release key is given twice", argument: [])
        }
        return trusted
    }

    private static func read(_ path: Path) throws(AgentError) -> PublicKey {
        let text = try OwnedFile(path, how: 0).contents(sizeMax: sizeMax)
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count >= 2,
            lines[0].starts(with: TextLine("untrusted comment:").bytes),
            let decoded = Base64.decode([UInt8](lines[1])), decoded.count == decodedSize,
            decoded[0] == 0x45, decoded[1] == 0x64,
            let key = PublicKey([UInt8](decoded[10...]))
        else { throw .keyMalformed(path) }
        return key
    }
}

/// Base64 without padding, white space or spare bits: 56 digits are 42 bytes.
enum Base64 {
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        for (index, digit) in text.enumerated() {
            guard let value = value(digit) else { return nil }
            bits = bits << 6 | value
            if index % 4 == 3 {
                bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
                bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
                bytes.append(UInt8(truncatingIfNeeded: bits))
            }
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case 0x41...0x5A: UInt32(digit - 0x41)
        case 0x61...0x7A: UInt32(digit - 0x61) + 26
        case 0x30...0x39: UInt32(digit - 0x30) + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
