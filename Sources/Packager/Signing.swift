// Signing keys, in minisign's file formats, so that stock minisign reads and makes them, and in one
// of our own for secret keys at rest.
//
//   public key   "untrusted comment: TEXT" LF base64("Ed" | key number 8 | public key 32) LF
//   secret key   "untrusted comment: TEXT" LF base64("Ed" | kdf 2 | "B2" | salt 32
//                | ops u64 | mem u64 | X) LF, where X = key number 8 | secret key 64
//                | checksum 32, plain when kdf is two zero bytes, XORed with scrypt(password)
//                when kdf is "Sc", with argon2id(password) when it is "A2"
//
// The checksum is BLAKE2b-256("Ed" | key number | secret key). Minisign does not know "A2"; of its
// salt, argon2id takes the first 16 bytes and the rest are zero.

public import BundleFormat
import CSodium
import Foundation

/// A release public key with the number by which minisign files name it.
public struct ReleasePublicKey: Sendable {
    /// The 8 bytes that minisign compares; our own keys have the bundle's key id here.
    public let number: [UInt8]
    /// The key.
    public let key: PublicKey

    /// Reads a public key file.
    ///
    /// - Throws: `SigningError.publicKeyMalformed`.
    public init(fileContent text: String) throws(SigningError) {
        guard let bytes = KeyFile.payload(of: text), bytes.count == 42,
            bytes.starts(with: KeyFile.algorithm), let key = PublicKey([UInt8](bytes[10..<42]))
        else { throw .publicKeyMalformed }
        number = [UInt8](bytes[2..<10])
        self.key = key
    }

    /// Names a key by the bundle's key id, as our own key files do.
    public init(_ key: PublicKey) {
        self.init(number: SignatureSlot.keyID(of: key), key: key)
    }

    fileprivate init(number: [UInt8], key: PublicKey) {
        self.number = number
        self.key = key
    }

    /// The content of the public key file.
    ///
    /// - Parameter role: the word that the comment names.
    /// - Returns: Two lines of text.
    public func fileContent(role: String) -> String {
        KeyFile.text(
            comment: "martlet \(role) public key \(KeyFile.hex(number))",
            payload: KeyFile.algorithm + number + key.bytes
        )
    }
}

/// The secret half of a release key.
///
/// It is named in the signing files only.
struct ReleaseSecretKey: Sendable {
    let number: [UInt8]
    let bytes: [UInt8]
}

/// A key that signs bundles.
public struct SigningKey: Sendable {
    private let secret: ReleaseSecretKey
    /// The public half.
    public let publicKey: ReleasePublicKey

    /// Makes a new random key.
    public init() {
        var publicBytes = [UInt8](repeating: 0, count: 32)
        var secretBytes = [UInt8](repeating: 0, count: 64)
        crypto_sign_keypair(&publicBytes, &secretBytes)
        guard let key = PublicKey(publicBytes) else {
            preconditionFailure("a public key array has 32 bytes")
        }
        let number = SignatureSlot.keyID(of: key)
        secret = ReleaseSecretKey(number: number, bytes: secretBytes)
        publicKey = ReleasePublicKey(number: number, key: key)
    }

    /// Reads a secret key file.
    ///
    /// - Parameters:
    ///   - text: the file's content.
    ///   - password: the password of an encrypted key; not used for a plain one.
    /// - Throws: `SigningError`: malformed, a password is needed, or it is wrong.
    public init(fileContent text: String, password: String?) throws(SigningError) {
        guard let bytes = KeyFile.payload(of: text), bytes.count == 158,
            bytes.starts(with: KeyFile.algorithm), bytes[4..<6].elementsEqual([0x42, 0x32])
        else { throw .secretKeyMalformed }
        var body = [UInt8](bytes[54..<158])
        guard let encryption = KeyEncryption(kdf: [UInt8](bytes[2..<4])) else {
            throw .secretKeyMalformed
        }
        if encryption != .none {
            guard let password else { throw .passwordNeeded }
            let header = [UInt8](bytes[6..<54])
            try encryption.crypt(&body, header: header, password: password)
        }
        let number = [UInt8](body[0..<8])
        let secretBytes = [UInt8](body[8..<72])
        guard KeyFile.checksum(number: number, secretBytes) == [UInt8](body[72..<104]) else {
            throw encryption == .none ? .secretKeyMalformed : .passwordWrong
        }
        // The second half is the public key; one that is not the first's would sign wrongly.
        guard let key = PublicKey([UInt8](secretBytes[32..<64])),
            IdentityKeyPair(seed: [UInt8](secretBytes[0..<32]))?.publicKey == key
        else { throw .secretKeyMalformed }
        secret = ReleaseSecretKey(number: number, bytes: secretBytes)
        publicKey = ReleasePublicKey(number: number, key: key)
    }

    /// The content of the secret key file.
    ///
    /// - Parameters:
    ///   - role: the word that the comment names.
    ///   - password: encrypts the key; `nil` leaves it plain.
    ///   - encryption: how; stock minisign reads `scrypt` alone.
    /// - Returns: Two lines of text.
    /// - Throws: `SigningError.keyDerivationFailed` when there is no memory for it.
    public func fileContent(
        role: String,
        password: String?,
        encryption: KeyEncryption = .scrypt
    ) throws(SigningError) -> String {
        var body = secret.number + secret.bytes
        body += KeyFile.checksum(number: secret.number, secret.bytes)
        var header = [UInt8](repeating: 0, count: 48)
        let chosen = password == nil ? KeyEncryption.none : encryption
        if let password {
            header = chosen.freshHeader()
            try chosen.crypt(&body, header: header, password: password)
        }
        return KeyFile.text(
            comment: "martlet \(role) secret key \(KeyFile.hex(secret.number))",
            payload: KeyFile.algorithm + chosen.kdf + [0x42, 0x32] + header + body
        )
    }

    /// The Ed25519 signature of a message, 64 bytes.
    package func signature(of message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        crypto_sign_detached(&signature, nil, message, UInt64(message.count), secret.bytes)
        return signature
    }
}

/// Why a key cannot be used.
public enum SigningError: Error, Sendable, Hashable {
    /// The text is not a minisign public key.
    case publicKeyMalformed
    /// The text is not a minisign secret key.
    case secretKeyMalformed
    /// The key is encrypted and no password was given.
    case passwordNeeded
    /// The password does not open the key.
    case passwordWrong
    /// The text is not a minisign signature of the prehashed form.
    case signatureMalformed
    /// There is not enough memory to derive a key from the password.
    case keyDerivationFailed
    /// One key was named twice, or there are none or more than the envelope's slots.
    case signerCountOutOfRange(count: Int)
}
