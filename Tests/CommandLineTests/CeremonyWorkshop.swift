import Foundation
import Testing

/// A folder with the keys of a product line: three root keys, two release keys, a channel key.
final class CeremonyWorkshop {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)

    init() throws {
        for name in ["r1", "r2", "r3", "r4"] { try generate("root", name) }
        for name in ["alice", "bob"] { try generate("release", name) }
        try generate("channel", "online")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path() }
    func key(_ name: String) -> String { path("keys/\(name).key") }
    func pub(_ name: String) -> String { path("keys/\(name).pub") }

    func generate(_ role: String, _ name: String) throws {
        let made = try Martlet.run([
            "key", "generate", "--role", role, "--name", name, "--output", path("keys"),
            "--no-password",
        ])
        try #require(made.status == 0, "\(made.errors)")
    }

    /// Runs a command that must succeed.
    @discardableResult
    func run(_ arguments: [String]) throws -> String {
        let result = try Martlet.run(arguments)
        try #require(result.status == 0, "\(arguments): \(result.errors)")
        return result.output
    }

    /// The first root: 2 of 3 root keys, 1 of 2 release keys, the channel key; signed as asked.
    func makeRoot(_ name: String = "1.root", signedBy keys: [String] = ["r1", "r2"]) throws {
        try run(
            ["root", "create", "--output", path(name), "--not-after", "+365d"]
                + ["r1", "r2", "r3"].flatMap { ["--root-key", pub($0)] }
                + ["--root-threshold", "2", "--release-key", pub("alice")]
                + ["--release-key", pub("bob"), "--channel-key", pub("online")]
        )
        try sign(name, by: keys)
    }

    func sign(_ name: String, by keys: [String], more: [String] = []) throws {
        guard !keys.isEmpty else { return }
        try run(["root", "sign", path(name)] + keys.flatMap { ["--key", key($0)] } + more)
    }

    func build(_ name: String = "digits.eib", signedBy keys: [String] = ["alice"]) throws {
        try run(
            ["build", Martlet.digits("digits_int8.tflite"), "--name", "digits", "--version", "1"]
                + ["--counter", "3", "--target", "any", "--output", path(name)]
                + keys.flatMap { ["--sign", key($0)] }
        )
    }

    func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path(name))))
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: folder.appending(path: name))
    }

    /// What a command printed as JSON.
    func json(_ arguments: [String], status: Int32 = 0) throws -> [String: Any] {
        let result = try Martlet.run(arguments + ["--json"])
        try #require(result.status == status, "\(result.errors)")
        let value = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        return try #require(value as? [String: Any])
    }

    /// The verdicts of a result's signatures by the names of their keys.
    static func verdicts(_ result: [String: Any]) -> [String: String] {
        var verdicts: [String: String] = [:]
        for case let line as [String: Any] in result["signatures"] as? [Any] ?? [] {
            let name = line["name"] as? String ?? line["keyID"] as? String ?? "?"
            verdicts[name] = line["verdict"] as? String
        }
        return verdicts
    }
}
