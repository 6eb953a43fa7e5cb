// A minisign signature file:
//
//   "untrusted comment: TEXT" LF base64("ED" | key number 8 | signature 64) LF
//   "trusted comment: TEXT" LF base64(signature 64 over the first one and the trusted comment) LF
//
// "ED" is the prehashed form, the only one that is read here.

import Foundation

/// What a `.minisig` file holds.
public struct MinisigFile: Sendable, Equatable {
    /// The 8 bytes by which minisign names the key.
    public let number: [UInt8]
    /// The signature over BLAKE2b-512 of the file, 64 bytes.
    public let signature: [UInt8]
    /// The comment that is signed.
    public let trustedComment: [UInt8]
    /// The signature over the first one and the comment, 64 bytes.
    public let commentSignature: [UInt8]

    /// Reads a file's content.
    ///
    /// - Throws: `SigningError.signatureMalformed`.
    public init(fileContent text: String) throws(SigningError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let prefix = "trusted comment: "
        guard text.utf8.count <= KeyFile.sizeMax, lines.count >= 4,
            lines[0].hasPrefix("untrusted comment: "), lines[2].hasPrefix(prefix),
            let first = Data(base64Encoded: String(lines[1])), first.count == 74,
            first.starts(with: [0x45, 0x44]),
            let second = Data(base64Encoded: String(lines[3])), second.count == 64
        else { throw .signatureMalformed }
        number = [UInt8](first[2..<10])
        signature = [UInt8](first[10..<74])
        trustedComment = [UInt8](lines[2].dropFirst(prefix.count).utf8)
        commentSignature = [UInt8](second)
    }

    static func text(
        comment: String,
        number: [UInt8],
        signature: [UInt8],
        trustedComment: [UInt8],
        commentSignature: [UInt8]
    ) -> String {
        """
        untrusted comment: \(comment)
        \(Data([0x45, 0x44] + number + signature).base64EncodedString())
        trusted comment: \(String(decoding: trustedComment, as: UTF8.self))
        \(Data(commentSignature).base64EncodedString())

        """
    }
}
