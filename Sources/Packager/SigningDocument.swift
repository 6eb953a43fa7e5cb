public import BundleFormat
import Foundation

/// A text that is signed: a manifest, a root or a channel.
public struct SignableText: Sendable {
    /// The role whose keys sign it.
    public let role: SigningRole
    /// The bytes.
    public let text: [UInt8]
    /// The comment that the second signature covers; it follows from the text.
    public let trustedComment: [UInt8]

    /// A bundle's manifest.
    public init(_ manifest: Manifest) {
        role = .release
        text = manifest.encoded()
        trustedComment = manifest.trustedComment
    }

    /// A trust document, whose text is read first so that nothing malformed is ever signed.
    ///
    /// - Throws: `TrustError.textMalformed`.
    public init(_ document: SignedDocument) throws(TrustError) {
        role = document.kind.role
        text = document.text
        switch document.kind {
        case .root: trustedComment = try Root(decoding: text).trustedComment
        case .channel: trustedComment = try Channel(decoding: text).trustedComment
        }
    }

    /// BLAKE2b-512 of the text: the 64 bytes that the first signature covers.
    public var digest: [UInt8] { Sodium.blake2b(text, sizeBytes: 64) }

    /// The bytes that the second signature covers.
    ///
    /// - Parameter signature: the first signature, 64 bytes.
    /// - Returns: The signature and the comment.
    public func commentMessage(after signature: [UInt8]) -> [UInt8] { signature + trustedComment }

    /// The slot of two signatures that were made elsewhere; `nil` when one is not the key's.
    public func slot(
        signature: [UInt8],
        commentSignature: [UInt8],
        by key: PublicKey
    ) -> SignatureSlot? {
        guard key.isCanonical, key.isValid(signature: signature, of: digest),
            key.isValid(signature: commentSignature, of: commentMessage(after: signature))
        else { return nil }
        return SignatureSlot(
            keyID: SignatureSlot.keyID(of: key),
            role: role,
            signature: signature,
            commentSignature: commentSignature
        )
    }
}

extension SigningKey {
    /// Signs a text in minisign's prehashed form: Ed25519 over BLAKE2b-512 of the text, and a
    /// second signature over the first and the comment that the text determines.
    public func sign(_ text: SignableText) -> SignatureSlot {
        let signature = signature(of: text.digest)
        return SignatureSlot(
            keyID: SignatureSlot.keyID(of: publicKey.key),
            role: text.role,
            signature: signature,
            commentSignature: self.signature(of: text.commentMessage(after: signature))
        )
    }
}

extension ReleasePublicKey {
    /// The `.minisig` file that stock minisign verifies beside the text's bytes.
    public func minisign(_ slot: SignatureSlot, of text: SignableText) -> String {
        MinisigFile.text(
            comment: "signature from martlet \(text.role.name) key \(KeyFile.hex(number))",
            number: number,
            signature: slot.signature,
            trustedComment: text.trustedComment,
            commentSignature: slot.commentSignature
        )
    }
}

extension Envelope {
    /// Puts a signature in place of the same key's, or behind the others.
    ///
    /// - Throws: `SigningError.signerCountOutOfRange` when all slots are taken.
    public mutating func attach(_ slot: SignatureSlot) throws(SigningError) {
        if let index = slots.firstIndex(where: { $0.keyID == slot.keyID }) {
            slots[index] = slot
            return
        }
        guard slots.count < Envelope.slotCountMax else {
            throw .signerCountOutOfRange(count: slots.count + 1)
        }
        slots.append(slot)
    }

    /// Takes a key's signature away.
    ///
    /// - Parameter keyID: the key id of the slot, 8 bytes.
    /// - Returns: Whether there was one.
    public mutating func detach(keyID: [UInt8]) -> Bool {
        let count = slots.count
        slots.removeAll { $0.keyID == keyID }
        return slots.count < count
    }
}
