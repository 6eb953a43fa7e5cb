import BundleFormat
import CSodium
import Foundation

/// How a secret key lies in its file.
public enum KeyEncryption: String, Sendable, Encodable {
    /// Not encrypted.
    case none
    /// scrypt, as minisign does it.
    case scrypt
    /// argon2id (RFC 9106), which stock minisign does not read.
    case argon2id

    /// The most memory that a key file may ask for: minisign's own limit of 1 GiB, which is also
    /// what both take here.
    private static let memoryMax: UInt64 = 1 << 30

    init?(kdf: [UInt8]) {
        switch kdf {
        case [0, 0]: self = .none
        case KeyEncryption.scrypt.kdf: self = .scrypt
        case KeyEncryption.argon2id.kdf: self = .argon2id
        default: return nil
        }
    }

    /// How the key in a file is encrypted.
    ///
    /// - Throws: `SigningError.secretKeyMalformed`.
    public init(fileContent text: String) throws(SigningError) {
        guard let bytes = KeyFile.payload(of: text), bytes.count == 158,
            bytes.starts(with: KeyFile.algorithm),
            let encryption = KeyEncryption(kdf: [UInt8](bytes[2..<4]))
        else { throw .secretKeyMalformed }
        self = encryption
    }

    /// The two bytes that name it in a file.
    var kdf: [UInt8] {
        switch self {
        case .none: [0, 0]
        case .scrypt: [0x53, 0x63]
        case .argon2id: [0x41, 0x32]
        }
    }

    /// A random salt and libsodium's limits for keys that lie on disks: salt 32, ops u64, mem u64.
    func freshHeader() -> [UInt8] {
        var header = Sodium.randomBytes(count: 32)
        var limits = [
            crypto_pwhash_scryptsalsa208sha256_opslimit_sensitive(),
            crypto_pwhash_scryptsalsa208sha256_memlimit_sensitive(),
        ]
        if self == .argon2id {
            for index in 16..<32 { header[index] = 0 }
            limits = [crypto_pwhash_opslimit_sensitive(), crypto_pwhash_memlimit_sensitive()]
        }
        for limit in limits {
            withUnsafeBytes(of: UInt64(limit).littleEndian) { header.append(contentsOf: $0) }
        }
        return header
    }

    /// XORs a key's body with the stream that a password gives.
    func crypt(
        _ body: inout [UInt8],
        header: [UInt8],
        password: String
    ) throws(SigningError) {
        let limits = [32, 40].map { start in
            (0..<8).reduce(UInt64(0)) { $0 | UInt64(header[start + $1]) << (8 * UInt64($1)) }
        }
        // More than 64 passes of argon2id would keep a machine busy; no key of ours asks for them.
        let operationsMax: UInt64 = self == .argon2id ? 64 : 1 << 26
        guard limits[0] <= operationsMax, limits[1] <= KeyEncryption.memoryMax else {
            throw .secretKeyMalformed
        }
        var stream = [UInt8](repeating: 0, count: body.count)
        guard derive(&stream, header: header, limits: limits, password: password) == 0 else {
            throw .keyDerivationFailed
        }
        for index in body.indices { body[index] ^= stream[index] }
        Sodium.wipe(&stream)
    }

    private func derive(
        _ stream: inout [UInt8],
        header: [UInt8],
        limits: [UInt64],
        password: String
    ) -> Int32 {
        let size = UInt64(stream.count)
        let length = UInt64(password.utf8.count)
        guard self == .argon2id else {
            return crypto_pwhash_scryptsalsa208sha256(
                &stream,
                size,
                password,
                length,
                header,
                limits[0],
                Int(limits[1])
            )
        }
        return crypto_pwhash(
            &stream,
            size,
            password,
            length,
            header,
            limits[0],
            Int(limits[1]),
            crypto_pwhash_alg_argon2id13()
        )
    }
}
