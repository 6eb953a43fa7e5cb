/// One of the two places that a device's system is installed in.
public enum Slot: UInt8, Sendable, Hashable {
    /// The first slot, `A`.
    case a = 0x41
    /// The second slot, `B`.
    case b = 0x42

    /// The slot that is not this one.
    public var other: Slot { self == .a ? .b : .a }
}
