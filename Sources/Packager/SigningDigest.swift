import CSodium

/// Digests of source files, as provenance documents state them.
public enum ContentDigest {
    /// SHA-256 (FIPS 180-4) in lower-case hexadecimal.
    public static func sha256(_ bytes: [UInt8]) -> String {
        var hash = [UInt8](repeating: 0, count: 32)
        crypto_hash_sha256(&hash, bytes, UInt64(bytes.count))
        return hexadecimal(hash)
    }

    /// SHA-256 of pieces in their order, in lower-case hexadecimal.
    ///
    /// - Parameter next: gives the next piece; an empty one ends the message.
    /// - Returns: 64 digits.
    public static func sha256(pieces next: () -> [UInt8]) -> String {
        var state = crypto_hash_sha256_state()
        crypto_hash_sha256_init(&state)
        while case let piece = next(), !piece.isEmpty {
            crypto_hash_sha256_update(&state, piece, UInt64(piece.count))
        }
        var hash = [UInt8](repeating: 0, count: 32)
        crypto_hash_sha256_final(&state, &hash)
        return hexadecimal(hash)
    }

    private static func hexadecimal(_ hash: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
