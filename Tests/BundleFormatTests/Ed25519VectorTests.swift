import BundleFormat
import Foundation
import Packager
import Testing

@Suite("Ed25519 vectors of others")
struct Ed25519VectorTests {
    /// A line of `wycheproof.txt`.
    struct Case: Sendable, CustomTestStringConvertible {
        let id: String
        let isValid: Bool
        let flags: String
        let key: [UInt8]
        let message: [UInt8]
        let signature: [UInt8]

        var testDescription: String { "\(id) \(flags)" }
    }

    static func lines(_ name: String) -> [[String]] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Vectors/ed25519")
        let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
        return (text ?? "").split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    static func bytes(_ word: String) -> [UInt8] { word == "-" ? [] : SodiumTests.bytes(word) }

    static let cases = lines("wycheproof.txt").map { words in
        Case(
            id: words[0],
            isValid: words[1] == "valid",
            flags: words[2],
            key: bytes(words[3]),
            message: bytes(words[4]),
            signature: bytes(words[5])
        )
    }

    @Test("all cases are there")
    func counts() {
        #expect(Self.cases.count == 210)
        #expect(Self.lines("reference.txt").count == 19)
    }

    @Test("Wycheproof: a signature is accepted or refused as stated", arguments: cases)
    func wycheproof(vector: Case) throws {
        let key = try #require(PublicKey(vector.key))
        #expect(key.isValid(signature: vector.signature, of: vector.message) == vector.isValid)
    }

    @Test("the standard's and the reference implementation's signatures are ours, to the byte")
    func reference() throws {
        for words in Self.lines("reference.txt") {
            let pair = try #require(IdentityKeyPair(seed: Self.bytes(words[0])))
            #expect(pair.publicKey.bytes == Self.bytes(words[1]))
            let message = Self.bytes(words[2])
            #expect(pair.sign(message) == Self.bytes(words[3]))
            #expect(pair.publicKey.isValid(signature: Self.bytes(words[3]), of: message))
            #expect(!pair.publicKey.isValid(signature: Self.bytes(words[3]), of: message + [0]))
        }
    }

    /// OpenSSL needs the key in its own form: a fixed head and the 32 bytes (RFC 8410).
    static func write(_ key: [UInt8], head: String, to name: String, in scratch: Scratch) throws {
        _ = try scratch.write(name, SodiumTests.bytes(head) + key)
    }

    @Test("OpenSSL verifies our signatures and signs what we verify")
    func openSSL() throws {
        let scratch = try Scratch()
        let pair = IdentityKeyPair()
        let message = Sodium.randomBytes(count: 64)
        let file = try scratch.write("message", message)
        try Self.write(
            pair.publicKey.bytes,
            head: "302a300506032b6570032100",
            to: "public.der",
            in: scratch
        )
        try Self.write(
            pair.seed,
            head: "302e020100300506032b657004220420",
            to: "secret.der",
            in: scratch
        )
        let ours = try scratch.write("ours", pair.sign(message))
        let verified = try Tool.run([
            "openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey",
            scratch.path("public.der"), "-sigfile", ours, "-in", file,
        ])
        #expect(verified.status == 0, "\(verified.output)")
        let signed = try Tool.run([
            "openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey",
            scratch.path("secret.der"), "-in", file, "-out", scratch.path("theirs"),
        ])
        #expect(signed.status == 0, "\(signed.output)")
        let theirs = [UInt8](try Data(contentsOf: URL(filePath: scratch.path("theirs"))))
        #expect(pair.publicKey.isValid(signature: theirs, of: message))
    }
}
