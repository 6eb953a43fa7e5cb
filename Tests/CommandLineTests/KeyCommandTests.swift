import Foundation
import Testing

@Suite("Keys on the command line")
struct KeyCommandTests {
    @Test("a key is encrypted with argon2id, opens with its password, and exports to minisign")
    func encrypted() throws {
        let shop = try EmptyShop()
        let word = try shop.write("word", "correct horse\nsecond line\n")
        try shop.run([
            "key", "generate", "--role", "root", "--name", "safe", "--output", shop.path("keys"),
            "--password-file", word,
        ])
        let key = shop.path("keys/safe.key")
        let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let shown = try shop.run(["key", "show", key])
        #expect(shown.contains("argon2id") && !shown.contains("public key"))
        let open = try shop.run(["key", "show", key, "--password-file", word])
        let visible = try shop.run(["key", "show", shop.path("keys/safe.pub")])
        let line = try #require(
            visible.split(separator: "\n").first { $0.hasPrefix("public key  ") }
        )
        #expect(open.contains(line))
        let wrong = try shop.write("wrong", "battery staple\n")
        let refused = try Martlet.run(["key", "show", key, "--password-file", wrong])
        #expect(refused.status == 4 && refused.errors.contains("password is wrong"))
        try shop.run([
            "key", "export", key, "--minisign-secret", shop.path("m.key"), "--password-file", word,
        ])
        let exported = try shop.run(["key", "show", shop.path("m.key")])
        #expect(exported.contains("scrypt"))
        let message = try shop.write("message", "hello")
        let script = "echo 'correct horse' | minisign -S -s \"$0\" -m \"$1\""
        try shop.tool(["sh", "-c", script, shop.path("m.key"), message])
        try shop.tool(["minisign", "-V", "-p", shop.path("keys/safe.pub"), "-m", message])
    }

    @Test("a password comes from a descriptor, for several keys at once, never from an argument")
    func descriptor() throws {
        let shop = try EmptyShop()
        let result = try Martlet.run(
            ["key", "generate", "--role", "release", "--output", shop.path("k")]
                + ["--password-fd", "7"],
            under: ["sh", "-c", "printf 'word\\n' | \"$@\" 7<&0", "sh"]
        )
        #expect(result.status == 0, "\(result.errors)")
        let shown = try Martlet.run(
            ["key", "show", shop.path("k/release.key"), "--password-fd", "7"],
            under: ["sh", "-c", "printf 'word\\n' | \"$@\" 7<&0", "sh"]
        )
        #expect(shown.output.contains("public key"))
        #expect(try Martlet.run(["key", "generate", "--password", "word"]).status == 2)
        let closed = try Martlet.run([
            "key", "show", shop.path("k/release.key"), "--password-fd", "99",
        ])
        #expect(closed.status == 7)
    }

    @Test("nothing is generated over a key or without a password, and no file is a key by chance")
    func refusals() throws {
        let shop = try EmptyShop()
        let none = try Martlet.run([
            "key", "generate", "--role", "delta", "--output", shop.path("k"),
        ])
        #expect(none.status == 2 && none.errors.contains("a password is needed"))
        #expect(!FileManager.default.fileExists(atPath: shop.path("k/delta.key")))
        let name = try Martlet.run([
            "key", "generate", "--role", "delta", "--output", shop.path("k"), "--name", "../x",
            "--no-password",
        ])
        #expect(name.status == 2)
        let noise = try shop.write("noise", "untrusted comment: x\nAAAA\n")
        #expect(try Martlet.run(["key", "show", noise]).status == 4)
        #expect(try Martlet.run(["key", "export", noise]).status == 2)
    }
}

/// A folder that is removed with the test.
final class EmptyShop {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appending(path: name).path() }

    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: folder.appending(path: name))
        return path(name)
    }

    @discardableResult
    func run(_ arguments: [String]) throws -> String {
        let result = try Martlet.run(arguments)
        try #require(result.status == 0, "\(arguments): \(result.errors)")
        return result.output
    }

    func tool(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(arguments)")
    }
}
