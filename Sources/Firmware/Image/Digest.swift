import CSodium

/// SHA-256 of bytes that arrive in parts (FIPS 180-4), for block maps.
public struct Digest {
    private var state = crypto_hash_sha256_state()

    /// Starts the digest of nothing.
    public init() { crypto_hash_sha256_init(&state) }

    /// Takes the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let start = bytes.bindMemory(to: UInt8.self).baseAddress
        crypto_hash_sha256_update(&state, start, UInt64(bytes.count))
    }

    /// Takes the next bytes.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The 32 bytes of the digest of everything taken so far.
    public func finish() -> [UInt8] {
        // The state is copied: libsodium wipes the one that it is given.
        var last = state
        var digest = [UInt8](repeating: 0, count: 32)
        crypto_hash_sha256_final(&last, &digest)
        return digest
    }

    /// The digest of one array.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var digest = Digest()
        digest.update(bytes)
        return digest.finish()
    }

    /// Bytes in lower-case hexadecimal digits, as digests and identifiers are written.
    public static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}
