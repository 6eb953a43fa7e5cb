import BundleFormat
import CSodium
import Foundation

/// The text form that minisign's key files share.
enum KeyFile {
    static let algorithm: [UInt8] = [0x45, 0x64]
    static let scrypt: [UInt8] = [0x53, 0x63]
    /// The largest key file: two lines, of which the comment may be long.
    static let sizeMax = 4_096

    static func text(comment: String, payload: [UInt8]) -> String {
        "untrusted comment: \(comment)\n\(Data(payload).base64EncodedString())\n"
    }

    /// The bytes of the second line; `nil` when there is no such line or it is not base64.
    static func payload(of text: String) -> [UInt8]? {
        guard text.utf8.count <= sizeMax else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 2, lines[0].hasPrefix("untrusted comment: "),
            let data = Data(base64Encoded: String(lines[1]))
        else { return nil }
        return [UInt8](data)
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String(format: "%02X", $0) }.joined()
    }

    static func checksum(number: [UInt8], _ secretBytes: [UInt8]) -> [UInt8] {
        Sodium.blake2b(algorithm + number + secretBytes)
    }

    /// A random salt and libsodium's limits for keys that lie on disks: salt 32, ops u64, mem u64.
    static func freshHeader() -> [UInt8] {
        var header = Sodium.randomBytes(count: 32)
        let limits = [
            crypto_pwhash_scryptsalsa208sha256_opslimit_sensitive(),
            crypto_pwhash_scryptsalsa208sha256_memlimit_sensitive(),
        ]
        for limit in limits {
            withUnsafeBytes(of: UInt64(limit).littleEndian) { header.append(contentsOf: $0) }
        }
        return header
    }

    /// The most memory that a key file may ask for: minisign's own limit of 1 GiB.
    private static let memoryMax: UInt64 = 1 << 30

    /// XORs a key's body with the stream that scrypt derives from a password.
    static func crypt(
        _ body: inout [UInt8],
        header: [UInt8],
        password: String
    ) throws(SigningError) {
        let limits = [32, 40].map { start in
            (0..<8).reduce(UInt64(0)) { $0 | UInt64(header[start + $1]) << (8 * UInt64($1)) }
        }
        guard limits[0] <= 1 << 26, limits[1] <= memoryMax else { throw .secretKeyMalformed }
        var stream = [UInt8](repeating: 0, count: body.count)
        let status = crypto_pwhash_scryptsalsa208sha256(
            &stream,
            UInt64(stream.count),
            password,
            UInt64(password.utf8.count),
            header,
            limits[0],
            Int(limits[1])
        )
        guard status == 0 else { throw .keyDerivationFailed }
        for index in body.indices { body[index] ^= stream[index] }
        Sodium.wipe(&stream)
    }
}
