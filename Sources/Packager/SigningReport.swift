public import BundleFormat

/// Why a signature counts or does not, for people; the same rules as those of devices.
public enum SignatureVerdict: String, Sendable, Encodable {
    /// The key has the role that signs such a text, and both signatures are its.
    case counts
    /// No key that is trusted has this key id.
    case unknownKey = "unknown-key"
    /// The key is known, but may sign other documents only.
    case otherRole = "other-role"
    /// The root revokes the key.
    case revokedKey = "revoked-key"
    /// The signature is not that key's signature of this text.
    case invalid
}

/// One signature of a text and what it is worth.
public struct SignatureReport: Sendable {
    /// The place in the envelope, from 0.
    public let slot: Int
    /// The key id that the slot states.
    public let keyID: [UInt8]
    /// The key, when it is known.
    public let key: PublicKey?
    /// The name that the root gives the key.
    public let name: String?
    /// The role that the root gives the key.
    public let role: SigningRole?
    /// What the signature is worth.
    public let verdict: SignatureVerdict

    /// Judges all signatures of a text by a root.
    public static func all(
        in envelope: Envelope,
        of text: SignableText,
        under root: Root
    ) -> [SignatureReport] {
        envelope.slots.enumerated().map { index, slot in
            for role in SigningRole.listed {
                let known = root[role]?.keys.first {
                    SignatureSlot.keyID(of: $0.key) == slot.keyID
                }
                guard let known else { continue }
                return SignatureReport(
                    slot: index,
                    keyID: slot.keyID,
                    key: known.key,
                    name: String(decoding: known.name, as: UTF8.self),
                    role: role,
                    verdict: role == text.role
                        ? verdict(slot, of: text, by: known.key) : .otherRole
                )
            }
            let revoked = root.revokedKeys.first { SignatureSlot.keyID(of: $0) == slot.keyID }
            return SignatureReport(
                slot: index,
                keyID: slot.keyID,
                key: revoked,
                name: nil,
                role: nil,
                verdict: revoked == nil ? .unknownKey : .revokedKey
            )
        }
    }

    /// Judges all signatures of a text by plain keys, which have the role that signs it.
    public static func all(
        in envelope: Envelope,
        of text: SignableText,
        by keys: [PublicKey]
    ) -> [SignatureReport] {
        envelope.slots.enumerated().map { index, slot in
            let known = keys.first { SignatureSlot.keyID(of: $0) == slot.keyID }
            return SignatureReport(
                slot: index,
                keyID: slot.keyID,
                key: known,
                name: nil,
                role: known == nil ? nil : text.role,
                verdict: known.map { verdict(slot, of: text, by: $0) } ?? .unknownKey
            )
        }
    }

    private static func verdict(
        _ slot: SignatureSlot,
        of text: SignableText,
        by key: PublicKey
    ) -> SignatureVerdict {
        let rebuilt = text.slot(
            signature: slot.signature,
            commentSignature: slot.commentSignature,
            by: key
        )
        return rebuilt == nil ? .invalid : .counts
    }
}
