import ArgumentParser
import BundleFormat
import Foundation
import Packager
import Terminal

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
            let word = noPassword ? nil : try password.chosen()
            let key = SigningKey()
            let content = try key.fileContent(role: role.rawValue, password: word)
            try OutputFile.makeFolder(folder)
            try PrivateFile.create(content, at: secret)
            let text = key.publicKey.fileContent(role: role.rawValue)
            try OutputFile.write([UInt8](text.utf8), to: visible)
            Console.note("wrote \(secret) (keep it secret) and \(visible) (give it to devices)")
            Console.printLine(visible)
        }
    }
}

/// Files that hold secrets.
private enum PrivateFile {
    /// Creates a durable file that did not exist before and that nobody else could ever read.
    static func create(_ text: String, at path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
        } catch {
            unlink(path)
            throw Failure(.io, "cannot write the file", place: path)
        }
    }

    private static func failure(_ path: String) -> Failure {
        Failure(.io, "cannot make the file: \(String(cString: strerror(errno)))", place: path)
    }
}

/// Where the password of a secret key comes from; never from the command line itself.
struct PasswordOptions: ParsableArguments {
    @Option(help: "A file whose first line is the key's password.")
    var passwordFile: String?

    /// The password of an existing key; `nil` when none was given and there is no terminal.
    func existing() throws -> String? {
        try given() ?? asked("Password of the key: ")
    }

    /// The password for a new key; asked for twice, because a slip would lock the key for good.
    func chosen() throws -> String {
        if let word = try given(), !word.isEmpty { return word }
        guard let word = asked("Password for the new key: "), !word.isEmpty else {
            throw Failure(
                .usage,
                "a password is needed to encrypt the key",
                help: "pass --password-file, set MARTLET_KEY_PASSWORD, or pass --no-password"
            )
        }
        guard asked("The same once more: ") == word else {
            throw Failure(.usage, "the two passwords differ", help: "nothing was written")
        }
        return word
    }

    /// The password that a file or the environment holds.
    private func given() throws -> String? {
        guard let passwordFile else {
            return ProcessInfo.processInfo.environment["MARTLET_KEY_PASSWORD"]
        }
        let bytes = try InputFile.read(passwordFile, limitBytes: 4_096)
        let text = String(decoding: bytes, as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init)
    }

    /// What a person types at a terminal; `nil` when there is none.
    private func asked(_ prompt: String) -> String? {
        guard isatty(0) == 1, let entered = getpass(prompt) else { return nil }
        return String(cString: entered)
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
