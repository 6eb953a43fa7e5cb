// X25519 sealed boxes: what only one collector can read.

import CSodium

/// An X25519 public key to which messages are sealed.
public struct SealingPublicKey: Sendable {
    /// The size of a key in bytes.
    public static let sizeBytes = 32
    /// The bytes that sealing adds to a message: an ephemeral public key and a tag.
    public static let overheadBytes = 48

    /// The 32 bytes of the key.
    public let bytes: [UInt8]

    /// Makes a key from its 32 bytes; `nil` for another count.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == SealingPublicKey.sizeBytes else { return nil }
        self.bytes = bytes
    }

    /// Seals a message so that only the holder of the secret half can open it (crypto_box_seal).
    ///
    /// - Returns: The sealed message, `overheadBytes` longer; `nil` when the key is a point of
    ///   small order.
    public func seal(_ message: [UInt8]) -> [UInt8]? {
        var sealed = [UInt8](
            repeating: 0,
            count: message.count + SealingPublicKey.overheadBytes
        )
        // Safe: the output has the message's count and the overhead; the key has 32 bytes.
        let status = unsafe crypto_box_seal(&sealed, message, UInt64(message.count), bytes)
        return status == 0 ? sealed : nil
    }
}

/// The X25519 key pair of a collector.
public struct SealingKeyPair: Sendable {
    /// The public half.
    public let publicKey: SealingPublicKey
    /// The 32 secret bytes; keep them in a file of mode 0600.
    public let secretBytes: [UInt8]

    /// Makes a new random pair.
    public init() {
        self.init(validSecret: Sodium.randomBytes(count: SealingPublicKey.sizeBytes))
    }

    /// Makes the pair of stored secret bytes; `nil` unless there are 32.
    public init?(secretBytes: [UInt8]) {
        guard secretBytes.count == SealingPublicKey.sizeBytes else { return nil }
        self.init(validSecret: secretBytes)
    }

    private init(validSecret: [UInt8]) {
        var publicBytes = [UInt8](repeating: 0, count: SealingPublicKey.sizeBytes)
        // Safe: libsodium writes 32 bytes and reads 32, the counts of both arrays.
        _ = unsafe crypto_scalarmult_base(&publicBytes, validSecret)
        guard let key = SealingPublicKey(publicBytes) else {
            preconditionFailure("a sealing key array has 32 bytes")
        }
        publicKey = key
        secretBytes = validSecret
    }

    /// Opens a sealed message.
    ///
    /// - Returns: The message; `nil` when it was not sealed to this key or was changed.
    public func open(_ sealed: [UInt8]) -> [UInt8]? {
        guard sealed.count >= SealingPublicKey.overheadBytes else { return nil }
        var message = [UInt8](
            repeating: 0,
            count: sealed.count - SealingPublicKey.overheadBytes
        )
        // Safe: the output has the sealed count less the overhead; both keys have 32 bytes.
        let status = unsafe crypto_box_seal_open(
            &message,
            sealed,
            UInt64(sealed.count),
            publicKey.bytes,
            secretBytes
        )
        return status == 0 ? message : nil
    }
}
