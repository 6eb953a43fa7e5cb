/// The contract between a bundle's image and the runtime that maps it.
public enum RuntimeAbi {
    /// Raised when programs of the version before can no longer be run.
    public static let version: UInt32 = 1
}
