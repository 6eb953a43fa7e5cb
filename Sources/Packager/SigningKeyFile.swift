import BundleFormat
import Foundation

/// The text form that minisign's key files share.
enum KeyFile {
    static let algorithm: [UInt8] = [0x45, 0x64]
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
}
