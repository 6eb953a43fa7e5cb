// Ed25519: public keys that verify, and the identities of devices and collectors.

import CSodium

/// An Ed25519 public key.
public struct PublicKey: Sendable, Equatable {
    /// The size of a public key in bytes.
    public static let sizeBytes = 32
    /// The size of a signature in bytes.
    public static let signatureSizeBytes = 64

    /// The 32 bytes of the encoded point.
    public let bytes: [UInt8]

    /// Makes a key from its 32 bytes, or `nil` for another count.
    ///
    /// Points of small order and non-canonical encodings are refused when a signature is checked.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == PublicKey.sizeBytes else { return nil }
        self.bytes = bytes
    }

    /// Whether the bytes are the one encoding of a point's y, which is below 2^255 - 19 (RFC 8032,
    /// 5.1.3).
    ///
    /// Checking a signature refuses other keys too; this is for lists of keys.
    public var isCanonical: Bool {
        guard bytes[0] >= 0xED, bytes[31] & 0x7F == 0x7F else { return true }
        return !bytes[1..<31].allSatisfy { $0 == 0xFF }
    }

    /// Whether `signature` is this key's detached Ed25519 signature (RFC 8032) of `message`.
    public func isValid(signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == PublicKey.signatureSizeBytes else { return false }
        // Safe: the signature has 64 bytes and the key 32, checked above and at init; the message
        // pointer travels with its count.
        return unsafe message.withUnsafeBufferPointer { message in
            unsafe crypto_sign_verify_detached(
                signature,
                message.baseAddress,
                UInt64(message.count),
                bytes
            ) == 0
        }
    }
}

/// The Ed25519 key pair of a device or a collector.
///
/// It never signs releases.
public struct IdentityKeyPair: Sendable {
    /// The size of the seed that stores a pair.
    public static let seedSizeBytes = 32

    /// The public half.
    public let publicKey: PublicKey
    /// The 32 secret bytes from which the pair is made again; keep them in a file of mode 0600.
    public let seed: [UInt8]
    private let signingKey: [UInt8]

    /// Makes a new random pair.
    public init() {
        // A seed of the right size always gives a pair.
        var seed = Sodium.randomBytes(count: IdentityKeyPair.seedSizeBytes)
        self.init(validSeed: seed)
        Sodium.wipe(&seed)
    }

    /// Makes the pair of a stored seed; `nil` unless the seed has 32 bytes.
    public init?(seed: [UInt8]) {
        guard seed.count == IdentityKeyPair.seedSizeBytes else { return nil }
        self.init(validSeed: seed)
    }

    private init(validSeed seed: [UInt8]) {
        var publicBytes = [UInt8](repeating: 0, count: PublicKey.sizeBytes)
        var signingBytes = [UInt8](repeating: 0, count: 64)
        // Safe: libsodium writes 32 and 64 bytes and reads 32, the counts of the three arrays.
        _ = unsafe crypto_sign_seed_keypair(&publicBytes, &signingBytes, seed)
        guard let key = PublicKey(publicBytes) else {
            preconditionFailure("a public key array has 32 bytes")
        }
        publicKey = key
        signingKey = signingBytes
        self.seed = seed
    }

    /// The detached Ed25519 signature of a message, 64 bytes; the same message gives the same one.
    public func sign(_ message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: PublicKey.signatureSizeBytes)
        // Safe: the signature has 64 bytes, the key has 64, the message travels with its count.
        unsafe crypto_sign_detached(&signature, nil, message, UInt64(message.count), signingKey)
        return signature
    }
}
