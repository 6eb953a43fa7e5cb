import BundleFormat
import Packager
import Testing

/// Rotation and rollback cases of the TUF conformance suite, by the names they have there.
@Suite("TUF conformance: rotation and rollback")
struct TUFRotationTests {
    typealias Ceremony = TrustCeremony
    typealias Basics = TUFConformanceTests

    static let old = Ceremony.rootKeys
    static let new = Ceremony.nextRootKeys

    /// Root 2 under new root keys, signed by what the row says.
    static let rotations: [(signers: [SigningKey], isAccepted: Bool, why: String)] = [
        ([old[0], old[1], new[0], new[1]], true, "both thresholds"),
        (old + new, true, "all keys"),
        ([old[0], old[1]], false, "the old threshold alone"),
        ([new[0], new[1]], false, "the new threshold alone"),
        ([old[0], new[0], new[1]], false, "one old key too few"),
        ([old[0], old[1], new[0]], false, "one new key too few"),
        ([], false, "nobody"),
    ]

    @Test("test_root_rotation: N+1 needs the thresholds of N and of N+1", arguments: 0..<7)
    func rotation(row: Int) throws {
        let (signers, isAccepted, why) = Self.rotations[row]
        let root = Ceremony.root(version: 2, rootKeys: Self.new)
        var chain = try Basics.walk([])
        let before = (chain.current, chain.state, chain.stepCount)
        do {
            try chain.step(Ceremony.file(root, signedBy: signers))
            #expect(isAccepted, "\(why)")
            #expect(chain.current.root == root && chain.state.rootVersion == 2)
        } catch let error as TrustError {
            guard case .untrusted(.root, _, _, 2) = error else {
                Issue.record("\(why): \(error)")
                return
            }
            #expect(!isAccepted, "\(why)")
            #expect(chain.current == before.0 && chain.state == before.1)
            #expect(chain.stepCount == before.2)
        }
    }

    @Test("test_root_rotation_full_cycle: keys move over three roots and the first ones are out")
    func fullCycle() throws {
        let mixed = [Self.old[0], Self.old[1], Self.new[0]]
        let second = Ceremony.root(version: 2, rootKeys: mixed)
        let third = Ceremony.root(version: 3, rootKeys: Self.new)
        let fourth = Ceremony.root(version: 4, rootKeys: Self.new)
        var chain = try Basics.walk([
            Ceremony.file(second, signedBy: [Self.old[0], Self.old[1]]),
            Ceremony.file(third, signedBy: mixed + Self.new),
        ])
        let stale = try Ceremony.file(fourth, signedBy: Self.old)
        #expect(
            throws: TrustError.untrusted(.root, rootVersion: 3, validSignatures: 0, threshold: 2)
        ) { try chain.step(stale) }
        try chain.step(Ceremony.file(fourth, signedBy: Self.new))
        #expect(chain.current.root.version == 4 && chain.stepCount == 3)
    }

    @Test("a key that stays counts for the old and for the new threshold with one signature")
    func stayingKeys() throws {
        let kept = [Self.old[0], Self.old[1], Self.new[2]]
        let second = Ceremony.root(version: 2, rootKeys: kept)
        let chain = try Basics.walk([
            Ceremony.file(second, signedBy: [Self.old[0], Self.old[1]])
        ])
        #expect(chain.current.signers.count == 2)
    }

    @Test(
        "test_root_version_skip, test_root_rollback: a version is the next one or refused",
        arguments: [UInt64(1), 3, 4, .max]
    )
    func versionSteps(version: UInt64) throws {
        var root = Ceremony.root(version: 1)
        root.version = version
        let bytes = try Ceremony.file(root, signedBy: Self.old)
        var chain = try Basics.walk([])
        #expect(throws: TrustError.rootVersionMismatch(expected: 2, actual: version)) {
            try chain.step(bytes)
        }
        #expect(chain.current.root.version == 1)
    }

    @Test("the last of all versions has no successor, and nothing overflows")
    func lastVersion() throws {
        var root = Ceremony.root()
        root.version = .max
        let bytes = try Ceremony.file(root, signedBy: Self.old)
        let trusted = try TrustedRoot(provisioned: bytes)
        #expect(throws: TrustError.self) { try trusted.advanced(by: bytes) }
        let draft = RootDraft(following: root)
        #expect(draft.root.version == .max)
    }

    @Test("test_max_root_rotations: a walk is not endless")
    func endlessWalk() throws {
        let pair = [Self.old[0]]
        var trusted = try TrustedRoot(
            provisioned: Ceremony.file(Ceremony.root(rootKeys: pair), signedBy: pair)
        )
        var chain = RootChain(from: trusted, state: TrustState())
        for version in 2...UInt64(RootLimits.stepCountMax + 1) {
            let next = Ceremony.root(version: version, rootKeys: pair)
            try chain.step(Ceremony.file(next, signedBy: pair))
        }
        let last = UInt64(RootLimits.stepCountMax + 2)
        let more = try Ceremony.file(
            Ceremony.root(version: last, rootKeys: pair),
            signedBy: pair
        )
        #expect(throws: TrustError.tooManySteps(limit: RootLimits.stepCountMax)) {
            try chain.step(more)
        }
        // A later update goes on from there.
        trusted = chain.current
        chain = RootChain(from: trusted, state: chain.state)
        try chain.step(more)
        #expect(chain.current.root.version == last)
    }

    // Rollback.

    @Test("test_timestamp_version_rollback, test_snapshot_rollback: an older channel is refused")
    func channelRollback() throws {
        let chain = try Basics.walk([])
        let state = try Basics.accept(Ceremony.channel(version: 5), in: chain)
        #expect(throws: TrustError.channelRolledBack(version: 4, accepted: 5)) {
            try Basics.accept(Ceremony.channel(version: 4), in: chain, state: state)
        }
        // The same one again changes nothing; the next one is taken.
        #expect(
            try Basics.accept(Ceremony.channel(version: 5), in: chain, state: state) == state
        )
        let next = try Basics.accept(Ceremony.channel(version: 6), in: chain, state: state)
        #expect(next.channels.map(\.version) == [6])
    }

    @Test("test_timestamp_content_changes: one version says one thing")
    func equivocation() throws {
        let chain = try Basics.walk([])
        let state = try Basics.accept(Ceremony.channel(version: 5), in: chain)
        var other = Ceremony.channel(version: 5)
        other.rolloutPercent = 1
        #expect(throws: TrustError.channelEquivocates(version: 5)) {
            try Basics.accept(other, in: chain, state: state)
        }
    }

    @Test("a channel that moves forward does not need its predecessor's bundles")
    func otherBundles() throws {
        let chain = try Basics.walk([])
        let state = try Basics.accept(Ceremony.channel(version: 1), in: chain)
        var next = Ceremony.channel(version: 2)
        next.bundles[0].counter = 3
        _ = try Basics.accept(next, in: chain, state: state)
    }

    /// The channel's far-off last version, which a captured channel key signed.
    static func captured(in chain: RootChain) throws -> TrustState {
        var channel = Ceremony.channel()
        channel.version = .max
        channel.created = channel.notAfter
        return try Basics.accept(channel, in: chain)
    }

    @Test("test_timestamp_fast_forward_recovery: rotating the channel keys ends a fast-forward")
    func fastForwardRecovery() throws {
        let chain = try Basics.walk([])
        let poisoned = try Self.captured(in: chain)
        #expect(poisoned.time(clock: nil) == Ceremony.channel().notAfter)
        #expect(throws: TrustError.self) {
            try Basics.accept(Ceremony.channel(version: 2), in: chain, state: poisoned)
        }
        var recovering = RootChain(from: chain.current, state: poisoned)
        let second = Ceremony.root(version: 2, channelKeys: [Ceremony.nextChannelKey])
        try recovering.step(Ceremony.file(second, signedBy: Self.old))
        #expect(recovering.state.channels.isEmpty)
        #expect(recovering.state.time(clock: nil) == second.created)
        let channel = Ceremony.channel(version: 2)
        _ = try Basics.accept(channel, by: [Ceremony.nextChannelKey], in: recovering)
        // What the captured key signed is worth nothing now.
        #expect(throws: TrustError.self) { try Basics.accept(channel, in: recovering) }
    }

    @Test("a rotation that leaves the captured key's peers in place forgets nothing")
    func noRecoveryWithoutRotation() throws {
        let chain = try Basics.walk([])
        let poisoned = try Self.captured(in: chain)
        var recovering = RootChain(from: chain.current, state: poisoned)
        let both = [Ceremony.channelKey, Ceremony.nextChannelKey]
        let second = Ceremony.root(version: 2, channelKeys: both)
        try recovering.step(Ceremony.file(second, signedBy: Self.old))
        #expect(recovering.state.channels == poisoned.channels)
        #expect(recovering.state.channelTimeFloor == poisoned.channelTimeFloor)
    }

    @Test("test_snapshot_fast_forward_recovery: rotating the release keys ends a jump of the floor")
    func floorRecovery() throws {
        var manifest = SmallBundle.manifest()
        manifest.counter = .max
        manifest.floor = .max
        let chain = try Basics.walk([])
        let state = try chain.state.confirming(manifest, fallbackCounter: nil).state
        #expect(state.floor(of: manifest.name) == .max)
        var recovering = RootChain(from: chain.current, state: state)
        let second = Ceremony.root(version: 2, releaseKeys: [SigningKey()])
        try recovering.step(Ceremony.file(second, signedBy: Self.old))
        #expect(recovering.state.floor(of: manifest.name) == 0)
        var keeping = RootChain(from: chain.current, state: state)
        try keeping.step(Ceremony.file(Ceremony.root(version: 2), signedBy: Self.old))
        #expect(keeping.state.floor(of: manifest.name) == .max)
    }

    @Test("an older root than the one that is believed accepts nothing any more")
    func olderRoot() throws {
        let chain = try Basics.walk([
            Ceremony.file(Ceremony.root(version: 2), signedBy: Self.old)
        ])
        let first = try Ceremony.trusted()
        let channel = try first.channel(
            Ceremony.file(Ceremony.channel(), signedBy: [Ceremony.channelKey])
        )
        #expect(throws: TrustError.rootVersionMismatch(expected: 2, actual: 1)) {
            try chain.state.judge(
                channel,
                under: first,
                name: Basics.name,
                target: Basics.target,
                clock: nil
            )
        }
        #expect(throws: TrustError.rootVersionMismatch(expected: 2, actual: 1)) {
            try chain.state.judge(
                channel,
                under: chain.current,
                name: Basics.name,
                target: Basics.target,
                clock: nil
            )
        }
    }
}
