import ArgumentParser
import BundleFormat
import Foundation
import Packager

/// Commands on signing keys.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make the keys that sign bundles.",
        subcommands: [GenerateCommand.self]
    )

    /// What a key may sign.
    ///
    /// Other roles come with their documents.
    enum Role: String, ExpressibleByArgument, CaseIterable {
        case release
    }

    struct GenerateCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "generate",
            abstract: "Make an Ed25519 key pair in minisign's file formats.",
            discussion:
                "Writes ROLE.pub and ROLE.key (mode 0600). An existing key is never replaced."
        )

        @Option(help: "What the key may sign.")
        var role: Role

        @Option(help: "The folder for the two files; it is made when missing.")
        var output: String

        @Flag(help: "Leave the secret key unencrypted.")
        var noPassword = false

        @OptionGroup var password: PasswordOptions

        mutating func run() throws {
            let folder = URL(filePath: output, directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let secret = folder.appending(path: "\(role.rawValue).key").path()
            let visible = folder.appending(path: "\(role.rawValue).pub").path()
            for path in [secret, visible] where FileManager.default.fileExists(atPath: path) {
                throw Failure(
                    .unsafe,
                    "a key is already here and is not replaced",
                    place: path,
                    help: "choose another folder"
                )
            }
            guard Sodium.initialize() else {
                throw Failure(.internalError, "the system has no source of randomness")
            }
            let key = SigningKey()
            let word = noPassword ? nil : try password.chosen()
            let content = try key.fileContent(role: role.rawValue, password: word)
            try PrivateFile.create(content, at: secret)
            let text = key.publicKey.fileContent(role: role.rawValue)
            try OutputFile.write([UInt8](text.utf8), to: visible)
            Console.note("wrote \(secret) (keep it secret) and \(visible) (give it to devices)")
            print(visible)
        }
    }
}

/// Files that hold secrets.
private enum PrivateFile {
    /// Creates a file of mode 0600 that did not exist before.
    static func create(_ text: String, at path: String) throws {
        let attributes = [FileAttributeKey.posixPermissions: 0o600]
        guard
            FileManager.default.createFile(
                atPath: path,
                contents: Data(text.utf8),
                attributes: attributes
            )
        else { throw Failure(.io, "cannot write the file", place: path) }
    }
}

/// Where the password of a secret key comes from; never from the command line itself.
struct PasswordOptions: ParsableArguments {
    @Option(help: "A file whose first line is the key's password.")
    var passwordFile: String?

    /// The password of an existing key; `nil` when none was given and there is no terminal.
    func existing() throws -> String? {
        if let passwordFile {
            let bytes = try InputFile.read(passwordFile, limitBytes: 4_096)
            let text = String(decoding: bytes, as: UTF8.self)
            return text.split(separator: "\n", omittingEmptySubsequences: false).first.map(
                String.init
            )
        }
        if let word = ProcessInfo.processInfo.environment["MARTLET_KEY_PASSWORD"] { return word }
        guard isatty(0) == 1, let entered = getpass("Password of the key: ") else { return nil }
        return String(cString: entered)
    }

    /// The password for a new key.
    func chosen() throws -> String {
        guard let word = try existing(), !word.isEmpty else {
            throw Failure(
                .usage,
                "a password is needed to encrypt the key",
                help: "pass --password-file, set MARTLET_KEY_PASSWORD, or pass --no-password"
            )
        }
        return word
    }

    /// Reads a secret key file, asking for its password when it is encrypted.
    func signingKey(path: String) throws -> SigningKey {
        let text = String(decoding: try InputFile.read(path, limitBytes: 4_096), as: UTF8.self)
        do {
            return try SigningKey(fileContent: text, password: nil)
        } catch SigningError.passwordNeeded {
            do {
                return try SigningKey(fileContent: text, password: try existing())
            } catch let error as SigningError {
                throw Failure(signing: error, place: path)
            }
        } catch {
            throw Failure(signing: error, place: path)
        }
    }
}
