// Release keys, in minisign's file formats, so that stock minisign reads and makes them.
//
//   public key   "untrusted comment: TEXT" LF base64("Ed" | key number 8 | public key 32) LF
//   secret key   "untrusted comment: TEXT" LF base64("Ed" | kdf 2 | "B2" | salt 32
//                | ops u64 | mem u64 | X) LF, where X = key number 8 | secret key 64
//                | checksum 32, XORed with scrypt(password) when kdf is "Sc", plain when kdf is
//                two zero bytes
//
// The checksum is BLAKE2b-256("Ed" | key number | secret key).

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
        if bytes[2..<4].elementsEqual(KeyFile.scrypt) {
            guard let password else { throw .passwordNeeded }
            try KeyFile.crypt(&body, header: [UInt8](bytes[6..<54]), password: password)
        } else if !bytes[2..<4].elementsEqual([0, 0]) {
            throw .secretKeyMalformed
        }
        let number = [UInt8](body[0..<8])
        let secretBytes = [UInt8](body[8..<72])
        guard KeyFile.checksum(number: number, secretBytes) == [UInt8](body[72..<104]) else {
            throw bytes[2] == 0 ? .secretKeyMalformed : .passwordWrong
        }
        guard let key = PublicKey([UInt8](secretBytes[32..<64])) else { throw .secretKeyMalformed }
        secret = ReleaseSecretKey(number: number, bytes: secretBytes)
        publicKey = ReleasePublicKey(number: number, key: key)
    }

    /// The content of the secret key file.
    ///
    /// - Parameters:
    ///   - role: the word that the comment names.
    ///   - password: encrypts the key with scrypt; `nil` leaves it plain.
    /// - Returns: Two lines of text.
    /// - Throws: `SigningError.keyDerivationFailed` when there is no memory for scrypt.
    public func fileContent(role: String, password: String?) throws(SigningError) -> String {
        var body = secret.number + secret.bytes
        body += KeyFile.checksum(number: secret.number, secret.bytes)
        var header = [UInt8](repeating: 0, count: 48)
        var kdf: [UInt8] = [0, 0]
        if let password {
            kdf = KeyFile.scrypt
            header = KeyFile.freshHeader()
            try KeyFile.crypt(&body, header: header, password: password)
        }
        return KeyFile.text(
            comment: "martlet \(role) secret key \(KeyFile.hex(secret.number))",
            payload: KeyFile.algorithm + kdf + [0x42, 0x32] + header + body
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
    /// There is not enough memory to derive a key from the password.
    case keyDerivationFailed
    /// One key was named twice, or there are none or more than the envelope's slots.
    case signerCountOutOfRange(count: Int)
}
