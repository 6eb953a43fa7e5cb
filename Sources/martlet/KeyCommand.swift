import ArgumentParser
import BundleFormat
import Foundation
import Packager
import Terminal

/// Commands on signing keys.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make, show and export the keys that sign bundles and trust documents.",
        subcommands: [GenerateCommand.self, KeyShowCommand.self, KeyExportCommand.self]
    )

    /// What a key may sign.
    enum Role: String, ExpressibleByArgument, CaseIterable {
        case root, release, channel, delta
    }

    struct GenerateCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "generate",
            abstract: "Make an Ed25519 key pair.",
            discussion: """
                Writes NAME.pub, which stock minisign reads, and NAME.key (mode 0600), encrypted \
                with argon2id; 'martlet key export' turns that into a minisign secret key. An \
                existing key is never replaced. The role is written into the files as a word for \
                people; what a key may sign is said by a root document, or by whoever trusts it.
                """
        )

        @Option(help: "What the key is for: root, release, channel or delta.")
        var role: Role

        @Option(help: "The name of the two files; the role when it is not given.")
        var name: String?

        @Option(help: "The folder for the two files; it is made when missing.")
        var output: String

        @Flag(help: "Leave the secret key unencrypted.")
        var noPassword = false

        @OptionGroup var password: PasswordOptions

        func validate() throws {
            guard Root.isName([UInt8]((name ?? role.rawValue).utf8)) else {
                throw ValidationError("--name takes a-z, 0-9, '.', '_' and '-'")
            }
        }

        mutating func run() throws {
            let folder = URL(filePath: output, directoryHint: .isDirectory)
            let stem = name ?? role.rawValue
            let secret = folder.appending(path: "\(stem).key").path()
            let visible = folder.appending(path: "\(stem).pub").path()
            for path in [secret, visible] where FileManager.default.fileExists(atPath: path) {
                throw Failure(
                    .unsafe,
                    "a key is already here and is not replaced",
                    place: path,
                    help: "choose another folder or --name"
                )
            }
            guard Sodium.initialize() else {
                throw Failure(.internalError, "the system has no source of randomness")
            }
            let word = noPassword ? nil : try password.chosen()
            let key = SigningKey()
            let content = try key.fileContent(
                role: role.rawValue,
                password: word,
                encryption: .argon2id
            )
            try OutputFile.makeFolder(folder)
            try PrivateFile.create(content, at: secret)
            let text = key.publicKey.fileContent(role: role.rawValue)
            try OutputFile.write([UInt8](text.utf8), to: visible)
            Console.note("wrote \(secret) (keep it secret) and \(visible) (give it to devices)")
            Console.printLine(visible)
        }
    }
}
