import ArgumentParser
import Foundation
import Packager
import Terminal

/// Where the password of a secret key comes from; never from the command line itself.
struct PasswordOptions: ParsableArguments {
    @Option(help: "A file whose first line is the key's password.")
    var passwordFile: String?

    @Option(help: "An open file descriptor whose first line is the key's password.")
    var passwordFd: Int32?

    func validate() throws {
        guard passwordFile == nil || passwordFd == nil else {
            throw ValidationError("--password-file and --password-fd exclude each other")
        }
        guard passwordFd ?? 0 >= 0 else {
            throw ValidationError("--password-fd takes the number of an open descriptor")
        }
    }

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
        let path = passwordFd.map { "/dev/fd/\($0)" } ?? passwordFile
        guard let path else {
            return ProcessInfo.processInfo.environment["MARTLET_KEY_PASSWORD"]
        }
        let bytes = try InputFile.read(path, limitBytes: 4_096)
        let text = String(decoding: bytes, as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init)
    }

    /// What a person types at a terminal; `nil` when there is none.
    private func asked(_ prompt: String) -> String? {
        guard isatty(0) == 1, let entered = getpass(prompt) else { return nil }
        return String(cString: entered)
    }

    /// Whether a password can be had without asking a person.
    var isGiven: Bool {
        passwordFile != nil || passwordFd != nil
            || ProcessInfo.processInfo.environment["MARTLET_KEY_PASSWORD"] != nil
    }

    /// Reads a secret key file, asking for its password when it is encrypted.
    func signingKey(path: String) throws -> SigningKey {
        try signingKeyAndPassword(path: path).key
    }

    /// Reads secret key files; a password that is given is the one of all, and is read once.
    func signingKeys(paths: [String]) throws -> [SigningKey] {
        var word: String?
        return try paths.map { path in
            let (key, used) = try signingKeyAndPassword(path: path, password: word)
            if isGiven { word = word ?? used }
            return key
        }
    }

    /// Reads a secret key file, and says with which password it was encrypted.
    func signingKeyAndPassword(
        path: String,
        password: String? = nil
    ) throws -> (key: SigningKey, password: String?) {
        let text = String(decoding: try InputFile.read(path, limitBytes: 4_096), as: UTF8.self)
        do {
            return (try SigningKey(fileContent: text, password: nil), nil)
        } catch SigningError.passwordNeeded {
            do {
                let word = try password ?? existing()
                return (try SigningKey(fileContent: text, password: word), word)
            } catch let error as SigningError {
                throw Failure(signing: error, place: path)
            }
        } catch {
            throw Failure(signing: error, place: path)
        }
    }
}
