import ArgumentParser
import BundleFormat
import Foundation
import Packager
import Terminal

/// Commands on root documents.
struct RootDocumentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "root",
        abstract: "Make, sign and change the document that says which keys may sign what.",
        discussion: """
            A root gives the roles root, release, channel and delta to keys and says how many of \
            them must sign. Its successor is signed by enough root keys of both.
            """,
        subcommands: [
            RootCreateCommand.self, RootShowCommand.self, RootSignCommand.self,
            RootRotateCommand.self, RootRevokeCommand.self, RootVerifyCommand.self,
        ]
    )
}

/// Shows what a root says.
struct RootShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a root and its signatures, believing nothing.",
        discussion: "'martlet root verify' and 'martlet verify' say whether it may be believed."
    )

    @Argument(help: "The root.")
    var file: String

    @Flag(help: "Print the result as JSON.")
    var json = false

    mutating func run() throws {
        let signable = try SignableFile(path: file)
        let root = try RootFile.root(of: signable)
        let reports = SignatureReport.all(in: signable.envelope, of: signable.text, under: root)
        let summary = RootSummary(root, signatures: reports.map(SignatureLine.init))
        if json { return try Console.printJSON(summary) }
        summary.show()
    }
}

/// Signs a root.
struct RootSignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign a root with keys that have the role root in it or in the one before.",
        discussion: "'martlet sign' does the same for keys in a hardware module."
    )

    @Argument(help: "The root; it is replaced whole or not at all.")
    var file: String

    @Option(name: .customLong("key"), help: "A secret key; may be repeated.")
    var keys: [String]

    @Option(help: "The root before, whose keys may sign too.")
    var previous: String?

    @OptionGroup var password: PasswordOptions

    mutating func run() throws {
        var signable = try SignableFile(path: file)
        var allowed = try RootFile.root(of: signable).root.keys
        if let previous {
            allowed += try RootFile.root(of: SignableFile(path: previous)).root.keys
        }
        let secrets = try password.signingKeys(paths: keys)
        for (path, secret) in zip(keys, secrets)
        where !allowed.contains(where: { $0.key == secret.publicKey.key }) {
            throw Failure(
                .unsafe,
                "this key has no role in the root",
                place: path,
                help: previous == nil ? "pass --previous when it had one before" : nil
            )
        }
        try signable.sign(with: secrets)
        try signable.write(to: nil, signedBy: [])
        try RootFile.note(signable)
    }
}

/// Walks over roots.
struct RootVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Walk from a trusted root to the newest one, as devices do.",
        discussion: """
            The first file is the root that is trusted already; each next one must follow it. \
            Exits with 4 when a step is refused or the last root has expired.
            """
    )

    @Argument(help: "Roots in their order, the trusted one first.")
    var files: [String]

    @Flag(help: "Print the result as JSON.")
    var json = false

    private struct Step: Encodable {
        let file: String
        let version: UInt64
        let signatures: [SignatureLine]
    }

    private struct Result: Encodable {
        let version: UInt64
        let notAfter: UInt64
        let steps: [Step]
    }

    mutating func run() throws {
        let limit = Envelope.sizeBytes + RootLimits.textSizeMax
        var steps: [Step] = []
        var chain: RootChain?
        for file in files {
            let bytes = try InputFile.read(file, limitBytes: limit)
            do {
                if chain == nil {
                    let first = try TrustedRoot(provisioned: bytes)
                    chain = RootChain(from: first, state: TrustState())
                } else {
                    try chain?.step(bytes)
                }
            } catch {
                throw Failure(trust: error, place: file)
            }
            guard let current = chain?.current else { continue }
            let signable = try SignableFile(bytes, path: file)
            let reports = SignatureReport.all(
                in: signable.envelope,
                of: signable.text,
                under: current.root
            )
            let lines = reports.map(SignatureLine.init)
            steps.append(Step(file: file, version: current.root.version, signatures: lines))
        }
        guard let last = chain?.current else { return }
        try TrustAnchor.root(last).checkFresh(place: files.last ?? "")
        if json {
            return try Console.printJSON(
                Result(version: last.root.version, notAfter: last.root.notAfter, steps: steps)
            )
        }
        for step in steps {
            let signers = step.signatures.filter { $0.verdict == .counts }.map(\.label)
                .joined(separator: ", ")
            Console.printLine("\(step.file): ok, root \(step.version), signed by \(signers)")
        }
        Console.printLine("valid until \(DocumentTime.text(last.root.notAfter))")
    }
}

/// What the root commands share.
enum RootFile {
    /// The root in a file; `Failure` when it is something else.
    static func root(of signable: SignableFile) throws -> Root {
        guard signable.kind == .root else {
            throw Failure(.usage, "this is not a root", place: signable.path)
        }
        do {
            return try Root(decoding: signable.text.text)
        } catch {
            throw Failure(trust: error, place: signable.path)
        }
    }

    /// Tells a person how many signatures there are, and how many are needed.
    static func note(_ signable: SignableFile) throws {
        let root = try root(of: signable)
        let reports = SignatureReport.all(in: signable.envelope, of: signable.text, under: root)
        let count = reports.count { $0.verdict == .counts }
        Console.printLine(
            "\(signable.path): root \(root.version), \(count) of \(root.root.threshold) signatures"
        )
    }
}

/// A root as programs and people see it.
struct RootSummary: Encodable {
    struct Key: Encodable {
        let name: String
        let keyID: String
        let publicKey: String
    }

    struct Role: Encodable {
        let role: String
        let threshold: Int
        let keys: [Key]
    }

    let version: UInt64
    let created: UInt64
    let notAfter: UInt64
    let roles: [Role]
    let revokedKeys: [String]
    let revokedContents: [String]
    let signatures: [SignatureLine]

    init(_ root: Root, signatures: [SignatureLine]) {
        version = root.version
        created = root.created
        notAfter = root.notAfter
        roles = SigningRole.listed.compactMap { role in
            guard let entry = root[role] else { return nil }
            let keys = entry.keys.map { key in
                Key(
                    name: String(decoding: key.name, as: UTF8.self),
                    keyID: SignatureSlot.keyID(of: key.key).hexadecimal,
                    publicKey: key.key.bytes.hexadecimal
                )
            }
            return Role(role: "\(role.name)", threshold: entry.threshold, keys: keys)
        }
        revokedKeys = root.revokedKeys.map(\.bytes.hexadecimal)
        revokedContents = root.revokedContents.map(\.hexadecimal)
        self.signatures = signatures
    }

    func show() {
        Console.printLine("root \(version)")
        Console.printLine("created      \(DocumentTime.text(created))")
        Console.printLine("valid until  \(DocumentTime.text(notAfter))")
        for role in roles {
            Console.printLine("\n\(role.role): \(role.threshold) of \(role.keys.count)")
            Console.printTable(role.keys.map { ["  " + $0.name, $0.keyID, $0.publicKey] })
        }
        for key in revokedKeys { Console.printLine("\nrevoked key \(key)") }
        for content in revokedContents { Console.printLine("\nrevoked content \(content)") }
        Console.printLine("")
        SignatureLine.show(signatures)
    }
}
