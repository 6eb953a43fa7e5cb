public import BundleFormat
import Foundation

extension SigningKey {
    /// Signs a manifest in minisign's prehashed form: Ed25519 over BLAKE2b-512 of the text, and a
    /// second signature over the first and the trusted comment that the manifest determines.
    public func sign(_ manifest: Manifest) -> SignatureSlot {
        let signature = signature(of: Sodium.blake2b(manifest.encoded(), sizeBytes: 64))
        return SignatureSlot(
            keyID: SignatureSlot.keyID(of: publicKey.key),
            role: SignatureSlot.releaseRole,
            signature: signature,
            commentSignature: self.signature(of: signature + manifest.trustedComment)
        )
    }
}

extension ReleasePublicKey {
    /// The `.minisig` file that stock minisign verifies beside the manifest's bytes.
    public func minisign(_ slot: SignatureSlot, of manifest: Manifest) -> String {
        let payload = [0x45, 0x44] + number + slot.signature
        let comment = String(decoding: manifest.trustedComment, as: UTF8.self)
        return """
            untrusted comment: signature from martlet release key \(KeyFile.hex(number))
            \(Data(payload).base64EncodedString())
            trusted comment: \(comment)
            \(Data(slot.commentSignature).base64EncodedString())

            """
    }
}
