import ArgumentParser
import BundleFormat
import Foundation
import Packager
import Terminal

/// Keys and thresholds of a root that is written.
struct RootRoleOptions: ParsableArguments {
    @Option(help: "A public key that signs roots, FILE or NAME=FILE; may be repeated.")
    var rootKey: [String] = []

    @Option(help: "A public key that signs bundles; may be repeated.")
    var releaseKey: [String] = []

    @Option(help: "A public key that signs channels; may be repeated.")
    var channelKey: [String] = []

    @Option(help: "A public key that signs deltas; may be repeated.")
    var deltaKey: [String] = []

    @Option(help: "How many root keys must sign.")
    var rootThreshold: Int?

    @Option(help: "How many release keys must sign.")
    var releaseThreshold: Int?

    @Option(help: "How many channel keys must sign.")
    var channelThreshold: Int?

    @Option(help: "How many delta keys must sign.")
    var deltaThreshold: Int?

    @Option(help: "The last moment: 2027-11-24, 2027-11-24T12:00:00Z, +365d or never.")
    var notAfter: DocumentTime

    @Option(help: "When it was made; now when not given.")
    var created: DocumentTime?

    @Option(help: "The root to write; a file that is there is not replaced.")
    var output: String

    /// Adds the keys and sets thresholds and times.
    func apply(to draft: inout RootDraft) throws {
        let created = created?.seconds ?? HostClock.now
        guard notAfter.seconds == 0 || created <= notAfter.seconds else {
            throw Failure(.usage, "--not-after is before the root is made")
        }
        draft.setLifetime(created: created, notAfter: notAfter.seconds)
        let rows: [(SigningRole, [String], Int?)] = [
            (.root, rootKey, rootThreshold), (.release, releaseKey, releaseThreshold),
            (.channel, channelKey, channelThreshold), (.delta, deltaKey, deltaThreshold),
        ]
        do {
            for (role, files, threshold) in rows {
                for file in files {
                    let (name, key) = try RootRoleOptions.key(file)
                    try draft.add(key, named: name, to: role)
                }
                if let threshold { draft.setThreshold(threshold, of: role) }
            }
        } catch let error as RootDraftError {
            throw Failure(draft: error)
        }
    }

    /// A key and its name, which is the file's name without its suffix unless it is given.
    private static func key(_ argument: String) throws -> (String, PublicKey) {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        let path = parts.last ?? argument
        let stem = URL(filePath: path).deletingPathExtension().lastPathComponent
        return (parts.count == 2 ? parts[0] : stem, try SignCommand.publicKey(path))
    }

    /// Writes the draft, which nobody has signed.
    func write(_ draft: RootDraft) throws {
        guard !FileManager.default.fileExists(atPath: output) else {
            throw Failure(
                .unsafe,
                "a file is already here and is not replaced",
                place: output,
                help: "name another file"
            )
        }
        let document: SignedDocument
        do {
            document = try draft.finished()
        } catch {
            throw Failure(draft: error)
        }
        let signable = try SignableFile(document.encoded(), path: output)
        try signable.write(to: nil, signedBy: [])
        try RootFile.note(signable)
        Console.note("help: 'martlet root sign' adds signatures; a device accepts none without")
    }
}

/// Begins a chain of roots.
struct RootCreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Write the first root, to be signed by its root keys.",
        discussion: "Roles without keys may be left out, but for root and release."
    )

    @OptionGroup var roles: RootRoleOptions

    mutating func run() throws {
        var draft = RootDraft()
        try roles.apply(to: &draft)
        try roles.write(draft)
    }
}

/// Writes the next root with other keys.
struct RootRotateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Write the root that follows another, with keys added and removed.",
        discussion: """
            Everything else is kept. Enough root keys of both must sign. A key that may have been \
            copied is revoked, not removed. What a captured channel or release key did to \
            devices is undone by replacing so many keys of its role that those which stay cannot \
            meet the threshold.
            """
    )

    @Argument(help: "The root before.")
    var previous: String

    @OptionGroup var roles: RootRoleOptions

    @Option(help: "The name, or the 64 digits, of a key that loses its role; may be repeated.")
    var removeKey: [String] = []

    mutating func run() throws {
        var draft = RootDraft(following: try RootFile.root(of: SignableFile(path: previous)))
        do {
            for name in removeKey { try draft.remove(name) }
        } catch {
            throw Failure(draft: error)
        }
        try roles.apply(to: &draft)
        try roles.write(draft)
    }
}

/// Writes the next root with keys or contents revoked.
struct RootRevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Write the root that follows another, with keys or contents revoked for good.",
        discussion: """
            A revoked key loses its role and can never have one again; a revoked content is \
            refused whoever signed it. Keys may be added in the same step.
            """
    )

    @Argument(help: "The root before.")
    var previous: String

    @Option(help: "The name, 64 digits or public key file of a key; may be repeated.")
    var key: [String] = []

    @Option(help: "The 64 digits of a content id, or a bundle; may be repeated.")
    var content: [String] = []

    @OptionGroup var roles: RootRoleOptions

    func validate() throws {
        guard !key.isEmpty || !content.isEmpty else {
            throw ValidationError("give --key, --content or both")
        }
    }

    mutating func run() throws {
        var draft = RootDraft(following: try RootFile.root(of: SignableFile(path: previous)))
        for name in key { try revoke(key: name, in: &draft) }
        for name in content { draft.revoke(content: try contentID(name)) }
        try roles.apply(to: &draft)
        try roles.write(draft)
    }

    private func revoke(key name: String, in draft: inout RootDraft) throws {
        do {
            try draft.revoke(keyNamed: name)
        } catch {
            // A key file names a key, with or without a role.
            guard FileManager.default.fileExists(atPath: name) else { throw Failure(draft: error) }
            let key = try SignCommand.publicKey(name)
            _ = try? draft.remove(key.bytes.hexadecimal)
            draft.revoke(key)
        }
    }

    private func contentID(_ name: String) throws -> [UInt8] {
        if let hash = [UInt8](hexadecimal: name), hash.count == 32 { return hash }
        let signable = try SignableFile(path: name)
        guard signable.kind == nil, let manifest = try? Manifest(decoding: signable.text.text)
        else { throw Failure(.usage, "this is not a bundle", place: name) }
        return manifest.contentID
    }
}

extension [UInt8] {
    /// Bytes of lower-case hexadecimal digits; `nil` for anything else.
    init?(hexadecimal text: String) {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        self = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index..<index + 2], as: UTF8.self)
            guard pair == pair.lowercased(), !pair.hasPrefix("+"), !pair.hasPrefix("-"),
                let byte = UInt8(pair, radix: 16)
            else { return nil }
            append(byte)
        }
    }
}
