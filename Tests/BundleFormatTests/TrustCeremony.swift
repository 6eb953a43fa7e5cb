import BundleFormat
import Packager
import Testing

/// The keys of a product line and documents that they sign.
enum TrustCeremony {
    static let rootKeys = (0..<3).map { _ in SigningKey() }
    static let nextRootKeys = (0..<3).map { _ in SigningKey() }
    static let releaseKeys = [SmallBundle.key, SmallBundle.stranger]
    static let channelKey = SigningKey()
    static let nextChannelKey = SigningKey()
    static let deltaKey = SigningKey()

    /// 2026-01-01, and a year of 365 days.
    static let start: UInt64 = 1_767_225_600
    static let year: UInt64 = 31_536_000

    static func role(_ threshold: Int, _ keys: [SigningKey], _ name: String) -> RootRole {
        let entries = keys.enumerated().map { index, key in
            RootKey(key: key.publicKey.key, name: [UInt8]("\(name)-\(index)".utf8))
        }
        return RootRole(
            threshold: threshold,
            keys: entries.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
        )
    }

    /// A root of 2 of 3 root keys, 1 of 2 release keys, a channel key and a delta key.
    static func root(
        version: UInt64 = 1,
        rootKeys: [SigningKey] = rootKeys,
        channelKeys: [SigningKey] = [channelKey],
        releaseKeys: [SigningKey] = releaseKeys
    ) -> Root {
        var root = Root(
            root: role(min(2, rootKeys.count), rootKeys, "root"),
            release: role(1, releaseKeys, "release")
        )
        root.version = version
        root.created = start + version
        root.notAfter = start + year
        root.channel = role(1, channelKeys, "channel")
        root.delta = role(1, [deltaKey], "delta")
        return root
    }

    static func channel(version: UInt64 = 1, bundles: [Manifest] = []) -> Channel {
        var channel = Channel()
        channel.name = [UInt8]("doorbell".utf8)
        channel.target = [UInt8]("any".utf8)
        channel.version = version
        channel.created = start + 10 * version
        channel.notAfter = start + 86_400
        channel.bundles = bundles.map { ChannelEntry($0) }
        if bundles.isEmpty {
            channel.bundles = [
                ChannelEntry(
                    name: [UInt8]("small".utf8),
                    counter: 7,
                    manifestHash: [UInt8](repeating: 7, count: 32)
                )
            ]
        }
        return channel
    }

    static func file(_ root: Root, signedBy keys: [SigningKey]) throws -> [UInt8] {
        try file(kind: .root, text: root.encoded(), comment: root.trustedComment, by: keys)
    }

    static func file(_ channel: Channel, signedBy keys: [SigningKey]) throws -> [UInt8] {
        try file(
            kind: .channel,
            text: channel.encoded(),
            comment: channel.trustedComment,
            by: keys
        )
    }

    /// Signs whatever the text is, as a captured signer could.
    static func file(
        kind: DocumentKind,
        text: [UInt8],
        comment: [UInt8],
        by keys: [SigningKey]
    ) throws -> [UInt8] {
        var document = SignedDocument(kind: kind, text: text)
        for key in keys {
            let signature = key.signForTests(document.envelope.textHash)
            try document.envelope.attach(
                SignatureSlot(
                    keyID: SignatureSlot.keyID(of: key.publicKey.key),
                    role: kind.role,
                    signature: signature,
                    commentSignature: key.signForTests(signature + comment)
                )
            )
        }
        return document.encoded()
    }

    /// The first root, signed by two of its three keys.
    static func trusted() throws -> TrustedRoot {
        try TrustedRoot(provisioned: file(root(), signedBy: Array(rootKeys[..<2])))
    }

    /// Changes a text and signs it again, so that only the rules of the text can refuse it.
    static func resigned(
        _ root: Root,
        by keys: [SigningKey],
        replacing old: String,
        with new: String
    ) throws -> [UInt8] {
        let text = String(decoding: root.encoded(), as: UTF8.self)
        try #require(text.contains(old))
        let changed = [UInt8](text.replacing(old, with: new, maxReplacements: 1).utf8)
        return try file(kind: .root, text: changed, comment: root.trustedComment, by: keys)
    }
}

extension [SigningKey] {
    var hex: [String] { map { $0.publicKey.key.bytes.hexDigits } }
}

extension [UInt8] {
    var hexDigits: String { map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined() }
}
