import BundleFormat
import Packager
import Testing

/// The attacks that the Uptane standard lists, as far as documents can meet them.
///
/// Eavesdropping and dropped requests are attacks on the connection; nothing in a document is
/// secret, and a device that hears nothing keeps running what it has.
@Suite("Uptane attacks on trust documents")
struct UptaneAttackTests {
    typealias Ceremony = TrustCeremony
    typealias Basics = TUFConformanceTests

    /// Two releases of one name and one of another.
    static func release(_ name: String, counter: UInt64, floor: UInt64 = 0) throws
        -> VerifiedBundle
    {
        var manifest = SmallBundle.manifest()
        manifest.name = [UInt8](name.utf8)
        manifest.counter = counter
        manifest.floor = floor
        return try TrustedBundle.make(manifest)
    }

    /// A channel that lists bundles, accepted.
    static func accepted(
        _ bundles: [VerifiedBundle],
        version: UInt64 = 1
    ) throws -> (chain: RootChain, channel: VerifiedChannel, state: TrustState) {
        let chain = try Basics.walk([])
        let channel = Ceremony.channel(version: version, bundles: bundles.map(\.manifest))
        let file = try Ceremony.file(channel, signedBy: [Ceremony.channelKey])
        let state = try Basics.accept(channel, in: chain)
        return (chain, try chain.current.channel(file), state)
    }

    @Test("freeze attack: a channel that is only repeated ends by itself")
    func freeze() throws {
        let bundle = try Self.release("eyes", counter: 7)
        let (chain, channel, state) = try Self.accepted([bundle])
        let end = channel.channel.notAfter
        _ = try state.judge(bundle, under: chain.current, channel: channel, clock: end)
        #expect(throws: TrustError.expired(notAfter: end, time: end + 1)) {
            try state.judge(bundle, under: chain.current, channel: channel, clock: end + 1)
        }
        // A clock that was set back does not help: what was signed since is later.
        var later = state
        later.offlineTimeFloor = end + 1
        #expect(throws: TrustError.expired(notAfter: end, time: end + 1)) {
            try later.judge(bundle, under: chain.current, channel: channel, clock: 0)
        }
    }

    @Test("mixed bundles attack: only the listed bundle of each name is installed")
    func mixAndMatch() throws {
        let eyes = try Self.release("eyes", counter: 7)
        let ears = try Self.release("ears", counter: 4)
        let olderEars = try Self.release("ears", counter: 3)
        let (chain, channel, state) = try Self.accepted([ears, eyes])
        for bundle in [eyes, ears] {
            _ = try state.judge(bundle, under: chain.current, channel: channel, clock: nil)
        }
        #expect(throws: TrustError.listedDifferently(counter: 3, listedCounter: 4)) {
            try state.judge(olderEars, under: chain.current, channel: channel, clock: nil)
        }
        // The same counter over another content is another bundle.
        var manifest = ears.manifest
        manifest.version = [UInt8]("9".utf8)
        let twin = try TrustedBundle.make(manifest)
        #expect(throws: TrustError.listedDifferently(counter: 4, listedCounter: 4)) {
            try state.judge(twin, under: chain.current, channel: channel, clock: nil)
        }
    }

    @Test("partial bundle attack: a name that the channel does not list is refused")
    func partialBundle() throws {
        let eyes = try Self.release("eyes", counter: 7)
        let nose = try Self.release("nose", counter: 1)
        let (chain, channel, state) = try Self.accepted([eyes])
        #expect(throws: TrustError.notListed) {
            try state.judge(nose, under: chain.current, channel: channel, clock: nil)
        }
        // From a removable medium there is no channel; root, floor and time still hold.
        _ = try state.judge(nose, under: chain.current, channel: nil, clock: nil)
    }

    @Test("mix of channels: one that was not accepted, or not last, lists nothing")
    func channelNotAccepted() throws {
        let eyes = try Self.release("eyes", counter: 7)
        let (chain, first, _) = try Self.accepted([eyes])
        #expect(throws: TrustError.otherChannel) {
            try chain.state.judge(eyes, under: chain.current, channel: first, clock: nil)
        }
        let (_, _, later) = try Self.accepted([eyes], version: 2)
        #expect(throws: TrustError.channelRolledBack(version: 1, accepted: 2)) {
            try later.judge(eyes, under: chain.current, channel: first, clock: nil)
        }
        var other = Ceremony.channel()
        other.name = [UInt8]("toaster".utf8)
        #expect(throws: TrustError.otherChannel) { try Basics.accept(other, in: chain) }
        other = Ceremony.channel()
        other.target = [UInt8]("generic-riscv64".utf8)
        #expect(throws: TrustError.otherChannel) { try Basics.accept(other, in: chain) }
    }

    @Test("rollback attack: a bundle below its name's floor is refused, one above it is not")
    func rollback() throws {
        let chain = try Basics.walk([])
        let new = try Self.release("eyes", counter: 9, floor: 8)
        let state = try chain.state.confirming(new.manifest, fallbackCounter: 8).state
        #expect(state.floor(of: new.manifest.name) == 8)
        let old = try Self.release("eyes", counter: 7)
        #expect(throws: TrustError.belowFloor(counter: 7, floor: 8)) {
            try state.judge(old, under: chain.current, channel: nil, clock: nil)
        }
        let previous = try Self.release("eyes", counter: 8)
        _ = try state.judge(previous, under: chain.current, channel: nil, clock: nil)
        let ears = try Self.release("ears", counter: 1)
        _ = try state.judge(ears, under: chain.current, channel: nil, clock: nil)
    }

    @Test("the floor rises only when the bundle to fall back to satisfies it, and never falls")
    func floorRises() throws {
        let bundle = try Self.release("eyes", counter: 9, floor: 8)
        let start = TrustState()
        let old = try start.confirming(bundle.manifest, fallbackCounter: 7)
        #expect(old.isFallbackTooOld && old.state == start)
        let alone = try start.confirming(bundle.manifest, fallbackCounter: nil)
        #expect(!alone.isFallbackTooOld && alone.state.floor(of: bundle.manifest.name) == 8)
        let lower = try Self.release("eyes", counter: 9, floor: 2)
        let after = try alone.state.confirming(lower.manifest, fallbackCounter: nil)
        #expect(after.state == alone.state)
    }

    @Test("endless data attack: no document is larger than its kind may be")
    func endlessData() throws {
        let envelope = Envelope.sizeBytes
        for kind in [DocumentKind.root, .channel] {
            for size in [0, envelope, envelope + kind.textSizeMax + 1, 1 << 22] {
                #expect(
                    throws: TrustError.sizeOutOfRange(
                        sizeBytes: size,
                        limitBytes: envelope + kind.textSizeMax
                    )
                ) {
                    try SignedDocument(
                        decoding: [UInt8](repeating: 0x20, count: size),
                        kind: kind
                    )
                }
            }
        }
        // A device remembers no more than its limits either.
        var state = TrustState()
        for index in 0..<TrustState.floorCountMax {
            var manifest = SmallBundle.manifest()
            manifest.name = [UInt8]("n\(index)".utf8)
            state = try state.confirming(manifest, fallbackCounter: nil).state
        }
        var more = SmallBundle.manifest()
        more.name = [UInt8]("one-more".utf8)
        let full = state
        #expect(throws: TrustError.stateFull(limit: TrustState.floorCountMax)) {
            try full.confirming(more, fallbackCounter: nil)
        }
    }

    @Test(
        "mix of roles: no role's keys sign another role's documents",
        arguments: [SigningRole.release, .channel, .delta]
    )
    func mixOfRoles(role: SigningRole) throws {
        let keys: [SigningRole: [SigningKey]] = [
            .release: Ceremony.releaseKeys, .channel: [Ceremony.channelKey],
            .delta: [Ceremony.deltaKey],
        ]
        let signers = try #require(keys[role])
        let trusted = try Ceremony.trusted()
        let root = try Ceremony.file(Ceremony.root(version: 2), signedBy: signers)
        #expect(
            throws: TrustError.untrusted(.root, rootVersion: 1, validSignatures: 0, threshold: 2)
        ) { try trusted.advanced(by: root) }
        let trustedKeys = try #require(trusted.trustedKeys)
        #expect(trustedKeys.threshold == 1)
        let bundle = try SmallBundle.make(keys: signers)
        var unverified = UnverifiedBundle(MemoryBundleSource(bundle))
        var sink = DiscardingSink()
        let isAccepted =
            (try? Verifier.verify(
                &unverified,
                trusted: trustedKeys,
                accepted: SmallBundle.accepted,
                sink: &sink
            )) != nil
        #expect(isAccepted == (role == .release))
        let channel = try Ceremony.file(Ceremony.channel(), signedBy: signers)
        #expect(((try? trusted.channel(channel)) != nil) == (role == .channel))
    }

    @Test("key compromise: fewer keys than the threshold change nothing, and a root ends them")
    func keyCompromise() throws {
        let stolen = Ceremony.rootKeys[0]
        let trusted = try Ceremony.trusted()
        let forged = Ceremony.root(version: 2, rootKeys: [stolen])
        let bytes = try Ceremony.file(forged, signedBy: [stolen])
        #expect(
            throws: TrustError.untrusted(.root, rootVersion: 1, validSignatures: 1, threshold: 2)
        ) { try trusted.advanced(by: bytes) }
        var draft = RootDraft(following: trusted.root)
        try draft.revoke(keyNamed: stolen.publicKey.key.bytes.hexDigits)
        let others = Array(Ceremony.rootKeys[1...])
        let next = try trusted.advanced(by: Ceremony.file(draft.root, signedBy: others))
        #expect(next.root.revokedKeys == [stolen.publicKey.key])
        #expect(throws: RootDraftError.keyRevoked(name: "again")) {
            try draft.add(stolen.publicKey.key, named: "again", to: .root)
        }
    }

    @Test("a bundle that was verified before its key was revoked is judged by the new root")
    func verifiedBefore() throws {
        let bundle = try Self.release("eyes", counter: 7)
        var chain = try Basics.walk([])
        _ = try chain.state.judge(bundle, under: chain.current, channel: nil, clock: nil)
        var draft = RootDraft(following: chain.current.root)
        try draft.revoke(keyNamed: SmallBundle.key.publicKey.key.bytes.hexDigits)
        try chain.step(Ceremony.file(draft.root, signedBy: Ceremony.rootKeys))
        let newest = chain
        #expect(
            throws: TrustError.untrusted(
                .release,
                rootVersion: 2,
                validSignatures: 0,
                threshold: 1
            )
        ) { try newest.state.judge(bundle, under: newest.current, channel: nil, clock: nil) }
    }

    @Test("a revoked release key signs nothing any more, and a revoked content runs nowhere")
    func revocation() throws {
        let bytes = try SmallBundle.make()
        func verify(_ root: Root) throws {
            let trusted = try TrustedRoot(
                provisioned: Ceremony.file(root, signedBy: Array(Ceremony.rootKeys[..<2]))
            )
            let keys = try #require(trusted.trustedKeys)
            var bundle = UnverifiedBundle(MemoryBundleSource(bytes))
            var sink = DiscardingSink()
            let verified = try Verifier.verify(
                &bundle,
                trusted: keys,
                accepted: SmallBundle.accepted,
                sink: &sink
            )
            let state = RootChain(from: trusted, state: TrustState()).state
            _ = try state.judge(verified, under: trusted, channel: nil, clock: nil)
        }
        try verify(Ceremony.root())
        var draft = RootDraft(following: Ceremony.root())
        try draft.revoke(keyNamed: SmallBundle.key.publicKey.key.bytes.hexDigits)
        let withoutKey = draft.root
        #expect(throws: BundleError.untrusted(validSignatures: 0, threshold: 1)) {
            try verify(withoutKey)
        }
        draft = RootDraft(following: Ceremony.root())
        draft.revoke(content: Sodium.blake2b(SmallBundle.image))
        let withoutContent = draft.root
        #expect(throws: BundleError.contentRevoked) { try verify(withoutContent) }
    }
}
