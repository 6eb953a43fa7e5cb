/// Why a trust document, or what it says of a bundle, was refused.
public enum TrustError: Error, Sendable, Equatable {
    // The file is bad.
    /// The file is smaller than an envelope or larger than such a document may be.
    case sizeOutOfRange(sizeBytes: Int, limitBytes: Int)
    /// The envelope's magic, version, sizes or slots are not those of EIB/1 or of this role.
    case envelopeMalformed(offsetBytes: Int)
    /// The file does not end where its text does.
    case sizeMismatch(expectedSizeBytes: Int, actualSizeBytes: Int)
    /// The text is not the one that the envelope names.
    case hashMismatch
    /// The text is a document of another type.
    case wrongType(expected: DocumentKind)
    /// The text breaks a rule of its form in this line, counted from 1; 0 when it is not the text
    /// that encoding gives.
    case textMalformed(line: Int)

    // The signatures do not suffice.
    /// Fewer distinct keys of the role signed than that root asks for.
    case untrusted(SigningRole, rootVersion: UInt64, validSignatures: Int, threshold: Int)
    /// A signature that claims a known key is not that key's.
    case signatureInvalid(slot: Int)
    /// The root gives this role to no key.
    case roleAbsent(SigningRole)

    // The document is authentic, but not what may be accepted now.
    /// A root does not follow the one before it.
    case rootVersionMismatch(expected: UInt64, actual: UInt64)
    /// More roots were walked than one update may need.
    case tooManySteps(limit: Int)
    /// The document's time has passed.
    case expired(notAfter: UInt64, time: UInt64)
    /// A channel is older than one that was accepted.
    case channelRolledBack(version: UInt64, accepted: UInt64)
    /// A channel has the version of an accepted one and says something else.
    case channelEquivocates(version: UInt64)
    /// The channel is for another product or target.
    case otherChannel
    /// A bundle's counter is below the floor of its name.
    case belowFloor(counter: UInt64, floor: UInt64)
    /// The root revokes the bundle's content.
    case contentRevoked
    /// The channel does not list a bundle of this name.
    case notListed
    /// The channel lists another bundle of this name.
    case listedDifferently(counter: UInt64, listedCounter: UInt64)
    /// The device remembers no more names or channels.
    case stateFull(limit: Int)

    /// The same refusal of a document for one that a reader shared with bundles gave.
    init(_ error: BundleError) {
        switch error {
        case .manifestMalformed(let line): self = .textMalformed(line: line)
        case .signatureInvalid(let slot): self = .signatureInvalid(slot: slot)
        case .envelopeMalformed(let offset): self = .envelopeMalformed(offsetBytes: offset)
        default: self = .textMalformed(line: 0)
        }
    }
}
