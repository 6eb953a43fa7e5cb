import ArgumentParser
import BundleFormat
import Foundation
import Packager
import Terminal

/// Commands on channel documents.
struct ChannelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "channel",
        abstract: "Say which bundles the devices of a product line should run now.",
        subcommands: [
            ChannelCreateCommand.self, ChannelSignCommand.self, ChannelShowCommand.self,
        ]
    )
}

/// Writes a channel.
struct ChannelCreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Write a channel that lists verified bundles, to be signed by channel keys.",
        discussion: """
            A channel always ends: devices that hear nothing newer install nothing more, and go on \
            running what they have. Raise the version with every channel of the same name.
            """
    )

    @Option(help: "The product line: a-z, 0-9, '.', '_', '-'.")
    var name: String

    @Option(help: "The kind of device, as 'martlet target list' names it, or any.")
    var target = "any"

    @Option(help: "Orders the channels of one name and target.")
    var version: UInt64

    @Option(help: "The last moment: 2027-11-24, 2027-11-24T12:00:00Z or +7d.")
    var notAfter: DocumentTime

    @Option(help: "When it was made; now when not given.")
    var created: DocumentTime?

    @Option(name: .customLong("bundle"), help: "A bundle; may be repeated, once a name.")
    var bundles: [String]

    @Option(help: "The share of devices that should take part, 0 to 100.")
    var rollout: UInt32 = 100

    @Option(help: "A number that chooses which devices come first.")
    var seed: UInt64 = 0

    @Option(help: "The channel to write; a file that is there is not replaced.")
    var output: String

    @OptionGroup var trust: TrustOptions

    func validate() throws {
        guard rollout <= 100 else { throw ValidationError("--rollout takes 0 to 100") }
        guard version > 0 else { throw ValidationError("--version begins at 1") }
        guard Root.isName([UInt8](name.utf8)), Root.isName([UInt8](target.utf8)) else {
            throw ValidationError("--name and --target take a-z, 0-9, '.', '_' and '-'")
        }
        guard notAfter.seconds > 0 else { throw ValidationError("a channel ends: give a time") }
    }

    mutating func run() throws {
        guard !FileManager.default.fileExists(atPath: output) else {
            throw Failure(.unsafe, "a file is already here and is not replaced", place: output)
        }
        var channel = Channel()
        channel.name = [UInt8](name.utf8)
        channel.target = [UInt8](target.utf8)
        channel.version = version
        channel.created = created?.seconds ?? HostClock.now
        channel.notAfter = notAfter.seconds
        channel.rolloutPercent = rollout
        channel.rolloutSeed = seed
        let entries = try bundles.map { path in
            ChannelEntry(try HostBundle(path: path, trust: trust).verified.manifest)
        }
        channel.bundles = entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
        let text = channel.encoded()
        guard (try? Channel(decoding: text)) == channel else {
            throw Failure(
                .usage,
                "the channel breaks a rule of its form",
                help: "list each name once, at most 64, and let it end after it was made"
            )
        }
        let signable = try SignableFile(
            SignedDocument(kind: .channel, text: text).encoded(),
            path: output
        )
        try signable.write(to: nil, signedBy: [])
        Console.printLine("\(output): channel \(name), version \(version), 0 signatures")
        Console.note("help: 'martlet channel sign' adds signatures")
    }
}

/// Signs a channel.
struct ChannelSignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign a channel.",
        discussion: "'martlet sign' does the same for keys in a hardware module."
    )

    @Argument(help: "The channel; it is replaced whole or not at all.")
    var file: String

    @Option(name: .customLong("key"), help: "A secret key; may be repeated.")
    var keys: [String]

    @Option(help: "The root in which the keys must have the role channel.")
    var root: String?

    @OptionGroup var password: PasswordOptions

    mutating func run() throws {
        var signable = try SignableFile(path: file)
        guard signable.kind == .channel else {
            throw Failure(.usage, "this is not a channel", place: file)
        }
        let secrets = try password.signingKeys(paths: keys)
        if let root {
            let known = try RootFile.root(of: SignableFile(path: root)).channel?.keys ?? []
            for (path, secret) in zip(keys, secrets)
            where !known.contains(where: { $0.key == secret.publicKey.key }) {
                throw Failure(.unsafe, "this key does not have the role channel", place: path)
            }
        }
        try signable.sign(with: secrets)
        try signable.write(to: nil, signedBy: [])
        Console.printLine("\(file): \(signable.envelope.slots.count) signature(s)")
    }
}

/// Shows what a channel says.
struct ChannelShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a channel, believing nothing.",
        discussion: "'martlet verify --trust ROOT' says whether it may be believed."
    )

    @Argument(help: "The channel.")
    var file: String

    @Flag(help: "Print the result as JSON.")
    var json = false

    mutating func run() throws {
        let signable = try SignableFile(path: file)
        guard signable.kind == .channel, let channel = try? Channel(decoding: signable.text.text)
        else { throw Failure(.usage, "this is not a channel", place: file) }
        let summary = ChannelSummary(channel, slots: signable.envelope.slots)
        if json { return try Console.printJSON(summary) }
        summary.show()
    }
}

/// A channel as programs and people see it.
struct ChannelSummary: Encodable {
    struct Bundle: Encodable {
        let name: String
        let counter: UInt64
        let manifestHash: String
    }

    let name: String
    let target: String
    let version: UInt64
    let created: UInt64
    let notAfter: UInt64
    let rolloutPercent: UInt32
    let rolloutSeed: UInt64
    let bundles: [Bundle]
    let signatures: [String]

    init(_ channel: Channel, slots: [SignatureSlot]) {
        name = String(decoding: channel.name, as: UTF8.self)
        target = String(decoding: channel.target, as: UTF8.self)
        version = channel.version
        created = channel.created
        notAfter = channel.notAfter
        rolloutPercent = channel.rolloutPercent
        rolloutSeed = channel.rolloutSeed
        bundles = channel.bundles.map { entry in
            Bundle(
                name: String(decoding: entry.name, as: UTF8.self),
                counter: entry.counter,
                manifestHash: entry.manifestHash.hexadecimal
            )
        }
        signatures = slots.map(\.keyID.hexadecimal)
    }

    func show() {
        Console.printLine("channel \(name) for \(target), version \(version)")
        Console.printLine("created      \(DocumentTime.text(created))")
        Console.printLine("valid until  \(DocumentTime.text(notAfter))")
        Console.printLine("rollout      \(rolloutPercent) %, seed \(rolloutSeed)")
        Console.printTable(bundles.map { [$0.name, "counter \($0.counter)", $0.manifestHash] })
        for keyID in signatures { Console.printLine("signature by \(keyID)") }
    }
}
