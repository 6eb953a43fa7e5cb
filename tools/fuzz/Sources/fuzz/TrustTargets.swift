import BundleFormat

extension Fuzz {
    /// The keys of the roots and channels that are fuzzed; their seeds are public on purpose.
    private static func pair(_ byte: UInt8) -> IdentityKeyPair {
        guard let pair = IdentityKeyPair(seed: [UInt8](repeating: byte, count: 32)) else {
            fatalError("a seed has 32 bytes")
        }
        return pair
    }

    private static let rootPair = pair(1)
    private static let channelPair = pair(3)

    /// The root under which mutated documents are read.
    static let trustRoot: Root = {
        func role(_ pair: IdentityKeyPair, _ name: String) -> RootRole {
            RootRole(
                threshold: 1,
                keys: [RootKey(key: pair.publicKey, name: [UInt8](name.utf8))]
            )
        }
        var root = Root(root: role(rootPair, "root"), release: role(pair(2), "release"))
        root.created = 1_767_225_600
        root.channel = role(channelPair, "channel")
        root.delta = role(pair(4), "delta")
        root.revokedKeys = [pair(5).publicKey]
        root.revokedContents = [[UInt8](repeating: 6, count: 32)]
        root.extensions = [[UInt8]("x-note seed".utf8)]
        return root
    }()

    /// A channel that the root above accepts.
    static let trustChannel: Channel = {
        var channel = Channel()
        channel.name = [UInt8]("fuzz".utf8)
        channel.target = [UInt8]("any".utf8)
        channel.created = 1_767_225_600
        channel.notAfter = 1_767_312_000
        channel.bundles = [
            ChannelEntry(
                name: [UInt8]("small".utf8),
                counter: 7,
                manifestHash: [UInt8](repeating: 7, count: 32)
            )
        ]
        return channel
    }()

    private static let trusted = try? TrustedRoot(
        provisioned: signed(trustRoot.encoded(), .root, comment: trustRoot.trustedComment)
    )

    /// A text of a root or a channel, signed by the right key whatever it is, and the same bytes
    /// as a file that nobody signed.
    static func trustDocument(_ bytes: [UInt8]) {
        for kind in [DocumentKind.root, .channel] {
            if let document = try? SignedDocument(decoding: bytes, kind: kind),
                document.encoded() != bytes
            {
                fatalError("one document, two files")
            }
        }
        guard let trusted, !bytes.isEmpty else { return }
        if bytes.count <= RootLimits.textSizeMax {
            let root = try? Root(decoding: bytes)
            guard root == nil || root?.encoded() == bytes else { fatalError("one root, two texts") }
            let file = signed(bytes, .root, comment: root?.trustedComment ?? [])
            if (try? TrustedRoot(provisioned: file)) != nil, root == nil {
                fatalError("a root without a text")
            }
            var chain = RootChain(from: trusted, state: TrustState())
            if (try? chain.step(file)) != nil, chain.current.root.version != 2 {
                fatalError("a version was skipped")
            }
        }
        if bytes.count <= ChannelLimits.textSizeMax {
            let channel = try? Channel(decoding: bytes)
            let file = signed(bytes, .channel, comment: channel?.trustedComment ?? [])
            guard let verified = try? trusted.channel(file) else { return }
            guard verified.channel.encoded() == bytes else { fatalError("one channel, two texts") }
            let state = try? TrustState().judge(
                verified,
                under: trusted,
                name: trustChannel.name,
                target: trustChannel.target,
                clock: nil
            )
            guard state.map({ $0.channels.count == 1 }) ?? true else { fatalError("no mark") }
        }
    }

    private static func signed(
        _ text: [UInt8],
        _ kind: DocumentKind,
        comment: [UInt8]
    ) -> [UInt8] {
        let pair = kind == .root ? rootPair : channelPair
        var document = SignedDocument(kind: kind, text: text)
        let signature = pair.sign(document.envelope.textHash)
        document.envelope.slots = [
            SignatureSlot(
                keyID: SignatureSlot.keyID(of: pair.publicKey),
                role: kind.role,
                signature: signature,
                commentSignature: pair.sign(signature + comment)
            )
        ]
        return document.encoded()
    }
}
