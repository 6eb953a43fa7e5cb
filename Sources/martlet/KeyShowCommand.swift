import ArgumentParser
import BundleFormat
import Foundation
import Packager
import Terminal

/// Shows a key file.
struct KeyShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a key's id, its public half and how its file is encrypted.",
        discussion:
            "The public half of an encrypted secret key is shown when its password is given."
    )

    @Argument(help: "A public or secret key file.")
    var file: String

    @Flag(help: "Print the result as JSON.")
    var json = false

    @OptionGroup var password: PasswordOptions

    private struct Result: Encodable {
        let kind: String
        let encryption: KeyEncryption?
        let keyID: String?
        let publicKey: String?
    }

    mutating func run() throws {
        let text = String(decoding: try InputFile.read(file, limitBytes: 4_096), as: UTF8.self)
        let result: Result
        if let key = try? ReleasePublicKey(fileContent: text) {
            result = Self.result("public", encryption: nil, key: key.key)
        } else {
            let encryption: KeyEncryption
            do {
                encryption = try KeyEncryption(fileContent: text)
            } catch {
                throw Failure(signing: error, place: file)
            }
            let isReadable = encryption == .none || password.isGiven
            let key = isReadable ? try password.signingKey(path: file).publicKey.key : nil
            result = Self.result("secret", encryption: encryption, key: key)
        }
        if json { return try Console.printJSON(result) }
        Console.printLine("\(result.kind) key")
        if let encryption = result.encryption {
            Console.printLine("encryption  \(encryption.rawValue)")
        }
        guard let keyID = result.keyID, let publicKey = result.publicKey else {
            return Console.note("help: pass --password-file to see its public half")
        }
        Console.printLine("key id      \(keyID)")
        Console.printLine("public key  \(publicKey)")
    }

    private static func result(
        _ kind: String,
        encryption: KeyEncryption?,
        key: PublicKey?
    ) -> Result {
        Result(
            kind: kind,
            encryption: encryption,
            keyID: key.map { SignatureSlot.keyID(of: $0).hexadecimal },
            publicKey: key?.bytes.hexadecimal
        )
    }
}

/// Writes a key in the forms that stock minisign reads.
struct KeyExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a secret key's public half, or the key itself, as minisign reads them.",
        discussion: """
            A secret key keeps its password; its file is then encrypted with scrypt, the one way \
            that minisign knows. Existing files are not replaced.
            """
    )

    @Argument(help: "The secret key file.")
    var file: String

    @Option(help: "Write the public key here.")
    var minisignPublic: String?

    @Option(help: "Write the secret key here, mode 0600.")
    var minisignSecret: String?

    @OptionGroup var password: PasswordOptions

    func validate() throws {
        guard minisignPublic != nil || minisignSecret != nil else {
            throw ValidationError("give --minisign-public, --minisign-secret or both")
        }
    }

    mutating func run() throws {
        for path in [minisignPublic, minisignSecret].compactMap({ $0 })
        where FileManager.default.fileExists(atPath: path) {
            throw Failure(.unsafe, "a file is already here and is not replaced", place: path)
        }
        let (key, word) = try password.signingKeyAndPassword(path: file)
        if let minisignSecret {
            let content = try key.fileContent(role: "signing", password: word, encryption: .scrypt)
            try PrivateFile.create(content, at: minisignSecret)
        }
        if let minisignPublic {
            let content = key.publicKey.fileContent(role: "signing")
            try OutputFile.write([UInt8](content.utf8), to: minisignPublic)
        }
        for path in [minisignPublic, minisignSecret].compactMap({ $0 }) { Console.printLine(path) }
    }
}
