// What a device remembers so that old truth is not sold to it as new, as a value; who stores it is
// another's business.
//
//   event                        what rises                        what is forgotten
//   root N -> N+1                root version, offline time floor  marks of a role, see below
//   channel accepted             its mark, channel time floor      -
//   bundle accepted              release time floor                -
//   bundle confirmed             its name's floor                  -
//
// Invariants: 1. nothing falls, except as 2 says. 2. When fewer of a role's old keys remain in a
// new root than its threshold asks for, no document of the old root's role is accepted any more;
// then, and only then, what such documents raised is forgotten, so that a captured key that jumped
// far ahead is recovered from by rotating the role (fast-forward recovery). 3. The clock is used
// and never stored: a wrong one does no lasting harm. 4. A judgement that refuses changes nothing.

/// What a device remembers of the documents that it accepted.
public struct TrustState: Sendable, Equatable {
    /// The lowest counter of a name that may be installed.
    public struct Floor: Sendable, Equatable {
        /// The bundle's name.
        public var name: [UInt8]
        /// Counters below it are refused.
        public var counter: UInt64

        /// Makes a floor.
        public init(name: [UInt8], counter: UInt64) {
            self.name = name
            self.counter = counter
        }
    }

    /// The newest channel of a name and target that was accepted.
    public struct ChannelMark: Sendable, Equatable {
        /// The channel's name and target.
        public var name: [UInt8], target: [UInt8]
        /// Its version.
        public var version: UInt64
        /// BLAKE2b-512 of its text.
        public var textHash: [UInt8]

        /// Makes a mark.
        public init(name: [UInt8], target: [UInt8], version: UInt64, textHash: [UInt8]) {
            self.name = name
            self.target = target
            self.version = version
            self.textHash = textHash
        }
    }

    /// The version of the root that is believed; 0 before the first.
    public var rootVersion: UInt64 = 0
    /// The latest time that the agent's build and roots vouch for, in Unix seconds.
    public var offlineTimeFloor: UInt64
    /// The latest time that accepted bundles and channels vouch for, in Unix seconds.
    public var releaseTimeFloor: UInt64 = 0, channelTimeFloor: UInt64 = 0
    /// The floors, one a name.
    public var floors: [Floor] = []
    /// The channels, one a name and target.
    public var channels: [ChannelMark] = []

    /// Bundle names that a device remembers: as many as a channel lists.
    public static let floorCountMax = 64
    /// Channels that a device remembers; it follows one, rarely two.
    public static let channelCountMax = 16

    /// Begins with nothing but the time at which the agent was built, in Unix seconds.
    public init(buildTime: UInt64 = 0) { offlineTimeFloor = buildTime }

    /// The lowest counter of a name that may be installed.
    public func floor(of name: [UInt8]) -> UInt64 {
        for entry in floors where entry.name == name { return entry.counter }
        return 0
    }

    /// The time by which expiry is judged: the latest of what documents vouch for and the clock.
    ///
    /// - Parameter clock: Unix seconds; `nil` on a device without a clock.
    /// - Returns: Unix seconds.
    public func time(clock: UInt64?) -> UInt64 {
        max(max(offlineTimeFloor, clock ?? 0), max(releaseTimeFloor, channelTimeFloor))
    }

    /// The state once a root is believed that was put into the device.
    func provisioned(with root: TrustedRoot) -> TrustState {
        var state = self
        state.rootVersion = max(rootVersion, root.root.version)
        state.offlineTimeFloor = max(offlineTimeFloor, root.root.created)
        return state
    }

    /// The state after one step from a root to the next.
    func advanced(from old: TrustedRoot, to new: TrustedRoot) -> TrustState {
        var state = provisioned(with: new)
        if let role = old.root.channel, !role.canSatisfy(new.root.channel) {
            state.channels = []
            state.channelTimeFloor = 0
        }
        if !old.root.release.canSatisfy(new.root.release) {
            state.floors = []
            state.releaseTimeFloor = 0
        }
        return state
    }
}
