import BundleFormat
import Foundation
import Packager
import Testing

/// A program of the system, run to its end.
enum Tool {
    static func run(_ arguments: [String], input: String = "") throws -> (
        status: Int32, output: String
    ) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        let output = Pipe()
        let source = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = source
        // Before the tool runs, as long as the pipe has a reader: it need not wait for its input.
        source.fileHandleForWriting.write(Data(input.utf8))
        try source.fileHandleForWriting.close()
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}

/// A folder that is removed with the test.
final class Scratch {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(at: url) }
    func path(_ name: String) -> String { url.appending(path: name).path() }
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: url.appending(path: name))
        return path(name)
    }
}

@Suite("Minisign and the ordinary tools")
struct MinisignTests {
    static func bundle(_ key: SigningKey) throws -> (bytes: [UInt8], manifest: Manifest) {
        var manifest = Manifest()
        manifest.name = [UInt8]("tools".utf8)
        manifest.version = [UInt8]("1".utf8)
        manifest.targets = [
            BundleTarget(architecture: [UInt8]("x86_64".utf8), tier: [UInt8]("scalar".utf8))
        ]
        manifest.selfTestHash = Sodium.blake2b([])
        let image = InstalledImage.encode([(.program, [UInt8](repeating: 9, count: 70_000))])
        let files = [MetadataFile(name: "card.md", bytes: [UInt8]("# Tools\n".utf8))]
        return try BundleWriter.encode(image: image, manifest: manifest, files: files, keys: [key])
    }

    @Test("stock minisign verifies the exported signature and refuses another manifest")
    func stockVerifies() throws {
        let key = SigningKey()
        let scratch = try Scratch()
        let manifest = try Self.bundle(key).manifest
        let text = try scratch.write("manifest", manifest.encoded())
        let publicKey = try scratch.write(
            "key.pub",
            [UInt8](key.publicKey.fileContent(role: "release").utf8)
        )
        let signature = key.publicKey.minisign(key.sign(manifest), of: manifest)
        _ = try scratch.write("manifest.minisig", [UInt8](signature.utf8))
        let verified = try Tool.run(["minisign", "-V", "-p", publicKey, "-m", text])
        #expect(verified.status == 0, "\(verified.output)")
        #expect(verified.output.contains("martlet tools 1 counter:0"))
        _ = try scratch.write("manifest", manifest.encoded() + [10])
        #expect(try Tool.run(["minisign", "-V", "-p", publicKey, "-m", text]).status != 0)
    }

    @Test("a key that stock minisign made signs bundles")
    func stockKey() throws {
        let scratch = try Scratch()
        let made = try Tool.run(
            ["minisign", "-G", "-p", scratch.path("m.pub"), "-s", scratch.path("m.key")],
            input: "secret\nsecret\n"
        )
        #expect(made.status == 0, "\(made.output)")
        let text = try String(contentsOfFile: scratch.path("m.key"), encoding: .utf8)
        #expect(throws: SigningError.passwordNeeded) {
            try SigningKey(fileContent: text, password: nil)
        }
        #expect(throws: SigningError.passwordWrong) {
            try SigningKey(fileContent: text, password: "x")
        }
        let key = try SigningKey(fileContent: text, password: "secret")
        let stored = try String(contentsOfFile: scratch.path("m.pub"), encoding: .utf8)
        #expect(try ReleasePublicKey(fileContent: stored).key.bytes == key.publicKey.key.bytes)
    }

    @Test(
        "stock minisign signs with a key that we wrote, encrypted or plain",
        arguments: [
            nil, "a password",
        ]
    )
    func ourKey(password: String?) throws {
        let scratch = try Scratch()
        let key = SigningKey()
        let secret = try key.fileContent(role: "release", password: password)
        #expect(
            try SigningKey(fileContent: secret, password: password).publicKey.number
                == key.publicKey.number
        )
        let file = try scratch.write("k.key", [UInt8](secret.utf8))
        let message = try scratch.write("message", [1, 2, 3])
        let signed = try Tool.run(
            ["minisign", "-S", "-s", file, "-m", message],
            input: (password ?? "") + "\n"
        )
        #expect(signed.status == 0, "\(signed.output)")
        let publicKey = try scratch.write(
            "k.pub",
            [UInt8](key.publicKey.fileContent(role: "release").utf8)
        )
        #expect(try Tool.run(["minisign", "-V", "-p", publicKey, "-m", message]).status == 0)
    }

    @Test("tar and bsdtar list the members, and zstd restores the image")
    func ordinaryTools() throws {
        let scratch = try Scratch()
        let made = try Self.bundle(SigningKey())
        let path = try scratch.write("tools.eib", made.bytes)
        let names = ["eib/envelope", "eib/manifest", "eib/chunks", "image.zst", "meta/card.md"]
        for tool in ["tar", "bsdtar"] {
            let listed = try Tool.run([tool, "-tf", path])
            #expect(listed.status == 0, "\(listed.output)")
            #expect(listed.output.split(separator: "\n").map(String.init) == names)
        }
        #expect(try Tool.run(["tar", "-xf", path, "-C", scratch.url.path()]).status == 0)
        let restored = try Tool.run([
            "zstd", "-q", "-d", scratch.path("image.zst"), "-o", scratch.path("image"),
        ])
        #expect(restored.status == 0, "\(restored.output)")
        let image = try Data(contentsOf: URL(filePath: scratch.path("image")))
        #expect(Sodium.blake2b([UInt8](image)) == made.manifest.contentID)
    }

    @Test("libarchive reads the members that we wrote, byte for byte")
    func libarchive() throws {
        let made = try Self.bundle(SigningKey())
        let entries = try ArchiveReader.entries(of: made.bytes, limitBytes: 1 << 20)
        #expect(entries.map(\.name).last == "meta/card.md")
        #expect(entries[1].bytes == made.manifest.encoded())
        #expect(throws: ArchiveError.tooLarge(limitBytes: 10)) {
            try ArchiveReader.entries(of: made.bytes, limitBytes: 10)
        }
        #expect(throws: ArchiveError.self) {
            try ArchiveReader.entries(of: [1, 2, 3], limitBytes: 10)
        }
    }
}
