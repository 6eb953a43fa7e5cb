/// What a key may sign; no key has two roles.
///
/// The raw value is the role byte of a signature slot.
public enum SigningRole: UInt8, Sendable {
    /// Manifests of bundles.
    case release = 1
    /// Root documents: which keys have which role.
    case root = 2
    /// Channel documents: what devices should run now.
    case channel = 3
    /// Delta documents.
    case delta = 4

    /// The roles in the order in which a root document lists them.
    public static let listed: [SigningRole] = [.root, .release, .channel, .delta]

    /// The role's name, as documents and command lines write it.
    public var name: StaticString {
        switch self {
        case .release: "release"
        case .root: "root"
        case .channel: "channel"
        case .delta: "delta"
        }
    }
}
