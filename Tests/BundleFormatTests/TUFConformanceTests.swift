import BundleFormat
import Packager
import Testing

/// The cases of the TUF conformance suite that have a meaning for roots and channels, by the names
/// they have there.
@Suite("TUF conformance, on roots and channels")
struct TUFConformanceTests {
    typealias Ceremony = TrustCeremony

    static let old = Ceremony.rootKeys
    static let new = Ceremony.nextRootKeys
    static let name = [UInt8]("doorbell".utf8)
    static let target = [UInt8]("generic-aarch64".utf8)

    /// A walk over roots from the first one, which two of its keys signed.
    static func walk(_ steps: [[UInt8]]) throws -> RootChain {
        var chain = RootChain(from: try Ceremony.trusted(), state: TrustState())
        for step in steps { try chain.step(step) }
        return chain
    }

    /// The state after a channel was accepted.
    static func accept(
        _ channel: Channel,
        by keys: [SigningKey] = [Ceremony.channelKey],
        in chain: RootChain,
        state: TrustState? = nil,
        clock: UInt64? = nil
    ) throws -> TrustState {
        try (state ?? chain.state).judge(
            chain.current.channel(Ceremony.file(channel, signedBy: keys)),
            under: chain.current,
            name: name,
            target: target,
            clock: clock
        )
    }

    // Basic operation.

    @Test("test_TestInitialization: the provisioned root must bear its own threshold")
    func initialization() throws {
        let root = Ceremony.root()
        let signed = try Ceremony.file(root, signedBy: Array(Self.old[..<2]))
        #expect(try TrustedRoot(provisioned: signed).root == root)
        let one = try Ceremony.file(root, signedBy: [Self.old[0]])
        #expect(
            throws: TrustError.untrusted(.root, rootVersion: 1, validSignatures: 1, threshold: 2)
        ) { try TrustedRoot(provisioned: one) }
        let none = try Ceremony.file(root, signedBy: [])
        #expect(
            throws: TrustError.untrusted(.root, rootVersion: 1, validSignatures: 0, threshold: 2)
        ) { try TrustedRoot(provisioned: none) }
    }

    @Test("test_metadata_bytes_match: the accepted bytes are the signed ones, to the last")
    func bytesMatch() throws {
        let root = Ceremony.root()
        let bytes = try Ceremony.file(root, signedBy: Self.old)
        let document = try SignedDocument(decoding: bytes, kind: .root)
        #expect(document.text == root.encoded() && document.encoded() == bytes)
        // The same meaning in other bytes is another document, and no document at all.
        for (old, new) in [("version 1", "version 1 "), ("\nrole root", "\r\nrole root")] {
            let other = try Ceremony.resigned(root, by: Self.old, replacing: old, with: new)
            #expect(throws: TrustError.self) { try TrustedRoot(provisioned: other) }
        }
    }

    @Test("test_unsigned_metadata: a document that nobody signed is refused")
    func unsigned() throws {
        let root = try Ceremony.trusted()
        let bytes = try Ceremony.file(Ceremony.channel(), signedBy: [])
        #expect(
            throws: TrustError.untrusted(
                .channel,
                rootVersion: 1,
                validSignatures: 0,
                threshold: 1
            )
        ) { try root.channel(bytes) }
    }

    @Test("wrong type: a channel is no root, a root no channel, a manifest neither")
    func wrongType() throws {
        let trusted = try Ceremony.trusted()
        let rootText = Ceremony.root(version: 2).encoded()
        let channelText = Ceremony.channel().encoded()
        let manifestText = SmallBundle.manifest().encoded()
        for text in [channelText, manifestText] {
            let bytes = try Ceremony.file(kind: .root, text: text, comment: [], by: Self.old)
            #expect(throws: TrustError.wrongType(expected: .root)) {
                try trusted.advanced(by: bytes)
            }
        }
        for text in [rootText, manifestText] {
            let bytes = try Ceremony.file(
                kind: .channel,
                text: text,
                comment: [],
                by: [Ceremony.channelKey]
            )
            #expect(throws: TrustError.wrongType(expected: .channel)) { try trusted.channel(bytes) }
        }
        // A root's file where a channel is asked for has slots of another role.
        let root = try Ceremony.file(Ceremony.root(version: 2), signedBy: Self.old)
        #expect(throws: TrustError.envelopeMalformed(offsetBytes: 96)) {
            try trusted.channel(root)
        }
    }

    // Expiration.

    @Test("test_root_expired: an expired last root accepts nothing new")
    func rootExpired() throws {
        let trusted = try Ceremony.trusted()
        try trusted.checkFresh(at: Ceremony.start + Ceremony.year)
        let late = Ceremony.start + Ceremony.year + 1
        #expect(throws: TrustError.expired(notAfter: late - 1, time: late)) {
            try trusted.checkFresh(at: late)
        }
        var channel = Ceremony.channel()
        channel.notAfter = late + 10
        let chain = try Self.walk([])
        #expect(throws: TrustError.expired(notAfter: late - 1, time: late)) {
            try Self.accept(channel, in: chain, clock: late)
        }
    }

    @Test("test_intermediate_root_expired: an expired root is passed on the way to a fresh one")
    func intermediateRootExpired() throws {
        var second = Ceremony.root(version: 2)
        second.notAfter = second.created
        var third = Ceremony.root(version: 3)
        third.created = Ceremony.start + 2 * Ceremony.year
        third.notAfter = third.created + Ceremony.year
        let chain = try Self.walk([
            Ceremony.file(second, signedBy: Self.old), Ceremony.file(third, signedBy: Self.old),
        ])
        #expect(chain.current.root.version == 3 && chain.stepCount == 2)
        let now = chain.state.time(clock: nil)
        #expect(now == third.created)
        try chain.current.checkFresh(at: now)
    }

    @Test("test_final_root_expired: the walk ends at an expired root, which accepts nothing new")
    func finalRootExpired() throws {
        var second = Ceremony.root(version: 2)
        second.notAfter = second.created
        let chain = try Self.walk([Ceremony.file(second, signedBy: Self.old)])
        #expect(chain.current.root.version == 2)
        #expect(throws: TrustError.expired(notAfter: second.created, time: second.created + 1)) {
            try chain.current.checkFresh(at: second.created + 1)
        }
    }

    @Test("test_timestamp_expired, test_snapshot_expired: an expired channel is refused")
    func channelExpired() throws {
        let chain = try Self.walk([])
        let channel = Ceremony.channel()
        _ = try Self.accept(channel, in: chain, clock: channel.notAfter)
        let late = channel.notAfter + 1
        #expect(throws: TrustError.expired(notAfter: channel.notAfter, time: late)) {
            try Self.accept(channel, in: chain, clock: late)
        }
    }

    @Test("test_targets_expired: an expired bundle is not installed, by the time floor alone")
    func bundleExpired() throws {
        var manifest = SmallBundle.manifest()
        manifest.notAfter = Ceremony.start + 5
        let bundle = try TrustedBundle.make(manifest)
        let chain = try Self.walk([])
        _ = try chain.state.judge(bundle, under: chain.current, channel: nil, clock: nil)
        var late = chain.state
        late.offlineTimeFloor = Ceremony.start + 6
        #expect(throws: TrustError.expired(notAfter: manifest.notAfter, time: Ceremony.start + 6)) {
            try late.judge(bundle, under: chain.current, channel: nil, clock: nil)
        }
    }

    // Keys.

    @Test("test_root_has_keys_but_not_threshold: a threshold that no keys can meet is malformed")
    func unreachableThreshold() throws {
        for threshold in ["0", "4", "17", "18446744073709551615"] {
            let bytes = try Ceremony.resigned(
                Ceremony.root(),
                by: Self.old,
                replacing: "role root 2",
                with: "role root \(threshold)"
            )
            #expect(throws: TrustError.self) { try TrustedRoot(provisioned: bytes) }
        }
    }

    @Test("test_wrong_keytype, test_wrong_scheme: another algorithm in a slot is malformed")
    func wrongAlgorithm() throws {
        var bytes = try Ceremony.file(Ceremony.root(), signedBy: Self.old)
        bytes[96 + 8] = 2
        #expect(throws: TrustError.envelopeMalformed(offsetBytes: 96)) {
            try TrustedRoot(provisioned: bytes)
        }
    }

    @Test("test_duplicate_keys_root: a key that a role lists twice is refused")
    func duplicateKey() throws {
        let hex = Ceremony.root().root.keys[0].key.bytes.hexDigits
        let bytes = try Ceremony.resigned(
            Ceremony.root(),
            by: Self.old,
            replacing: "key \(hex)",
            with: "key \(hex) twin\nkey \(hex)"
        )
        #expect(throws: TrustError.textMalformed(line: 7)) { try TrustedRoot(provisioned: bytes) }
    }

    @Test("test_duplicate_keyid: a name or a key that two roles share is refused")
    func duplicateIdentity() throws {
        var root = Ceremony.root()
        root.release.keys[0].name = root.root.keys[0].name
        let names = try Ceremony.file(root, signedBy: Self.old)
        #expect(throws: TrustError.self) { try TrustedRoot(provisioned: names) }
        root = Ceremony.root()
        root.delta = root.channel
        root.delta?.keys[0].name = [UInt8]("other-name".utf8)
        let keys = try Ceremony.file(root, signedBy: Self.old)
        #expect(throws: TrustError.textMalformed(line: 15)) { try TrustedRoot(provisioned: keys) }
    }

    @Test("test_duplicate_sig_keyids: a key that signs twice, also under two ids, counts once")
    func duplicateSignature() throws {
        let root = Ceremony.root()
        let once = try Ceremony.file(root, signedBy: [Self.old[0]])
        var document = try SignedDocument(decoding: once, kind: .root)
        // In a second slot under the same id: the envelope is malformed.
        document.envelope.slots.append(document.envelope.slots[0])
        let twice = document.encoded()
        #expect(throws: TrustError.envelopeMalformed(offsetBytes: 96 + 144)) {
            try TrustedRoot(provisioned: twice)
        }
        // Under an id that is nobody's: an unknown signer, which counts nothing.
        document.envelope.slots[1].keyID = [1, 2, 3, 4, 5, 6, 7, 8]
        let unknown = document.encoded()
        #expect(
            throws: TrustError.untrusted(.root, rootVersion: 1, validSignatures: 1, threshold: 2)
        ) { try TrustedRoot(provisioned: unknown) }
        // Under the id of another root key: a forgery of that key's signature.
        document.envelope.slots[1].keyID = SignatureSlot.keyID(of: Self.old[1].publicKey.key)
        let stolen = document.encoded()
        #expect(throws: TrustError.signatureInvalid(slot: 1)) {
            try TrustedRoot(provisioned: stolen)
        }
    }

    @Test("test_snapshot_threshold, test_timestamp_threshold: a channel needs its threshold")
    func channelThreshold() throws {
        var root = Ceremony.root(channelKeys: [Ceremony.channelKey, Ceremony.nextChannelKey])
        root.channel?.threshold = 2
        let trusted = try TrustedRoot(
            provisioned: Ceremony.file(root, signedBy: Array(Self.old[..<2]))
        )
        let one = try Ceremony.file(Ceremony.channel(), signedBy: [Ceremony.channelKey])
        #expect(
            throws: TrustError.untrusted(
                .channel,
                rootVersion: 1,
                validSignatures: 1,
                threshold: 2
            )
        ) { try trusted.channel(one) }
        let both = try Ceremony.file(
            Ceremony.channel(),
            signedBy: [Ceremony.channelKey, Ceremony.nextChannelKey]
        )
        #expect(try trusted.channel(both).signers.count == 2)
    }
}

/// A bundle that release keys signed, verified.
enum TrustedBundle {
    static func make(_ manifest: Manifest) throws -> VerifiedBundle {
        let bytes = try BundleWriter.encode(
            image: SmallBundle.image,
            manifest: manifest,
            files: [],
            keys: [SmallBundle.key]
        ).bytes
        return try SmallBundle.verify(bytes).bundle
    }
}
