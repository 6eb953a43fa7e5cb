/// One choice of the quantizer, for the report.
public struct Decision: Sendable, Hashable, Codable {
    /// What was done.
    public enum Kind: String, Sendable, Hashable, Codable {
        case removed, folded, fused, replaced, equalized, requantized, raised, promoted, compared,
            corrected,
            kept
    }

    /// What was done.
    public let kind: Kind
    /// The node or tensor that it was done to.
    public let place: String
    /// With what, and why.
    public let reason: String
}
