import Foundation
import Testing

@Suite("Signing and verifying under a root")
struct TrustCommandTests {
    @Test("a bundle is believed under a root's release threshold, by every command that reads one")
    func releaseThreshold() throws {
        let shop = try CeremonyWorkshop()
        try shop.makeRoot()
        try shop.build()
        let root = ["--trust", shop.path("1.root")]
        let result = try shop.json(["verify", shop.path("digits.eib")] + root)
        #expect(result["accepted"] as? Bool == true && result["threshold"] as? Int == 1)
        #expect(CeremonyWorkshop.verdicts(result) == ["alice": "counts"])
        try shop.run(["inspect", shop.path("digits.eib")] + root)
        try shop.run(["bench", shop.path("digits.eib"), "--iterations", "1"] + root)
        try shop.run(
            ["infer", shop.path("digits.eib"), "--input", Martlet.digits("test_int8.npy")]
                + ["--output", shop.path("out.npy")] + root
        )
        // The next root asks for both release keys.
        try shop.run([
            "root", "rotate", shop.path("1.root"), "--output", shop.path("2.root"),
            "--not-after", "+9d", "--release-threshold", "2",
        ])
        try shop.sign("2.root", by: ["r2", "r3"])
        let second = ["--trust", shop.path("2.root")]
        let refused = try shop.json(["verify", shop.path("digits.eib")] + second, status: 4)
        #expect(refused["accepted"] as? Bool == false)
        try shop.run(["sign", shop.path("digits.eib"), "--key", shop.key("bob")])
        let both = try shop.json(["verify", shop.path("digits.eib")] + second)
        #expect(CeremonyWorkshop.verdicts(both) == ["alice": "counts", "bob": "counts"])
    }

    @Test("countersigning changes the envelope alone, and taking it back gives the old bytes")
    func countersigning() throws {
        let shop = try CeremonyWorkshop()
        try shop.build()
        let before = try shop.read("digits.eib")
        try shop.run(["sign", shop.path("digits.eib"), "--key", shop.key("bob")])
        let after = try shop.read("digits.eib")
        #expect(after != before && after.count == before.count)
        #expect(after[..<512] == before[..<512] && after[4_608...] == before[4_608...])
        try shop.run(["sign", shop.path("digits.eib"), "--remove", shop.pub("bob")])
        #expect(try shop.read("digits.eib") == before)
        let last = try Martlet.run([
            "sign", shop.path("digits.eib"), "--remove", shop.pub("alice"),
        ])
        #expect(last.status == 2 && last.errors.contains("needs a signature"))
        #expect(try shop.read("digits.eib") == before)
    }

    @Test("a damaged bundle is not signed")
    func damagedBundle() throws {
        let shop = try CeremonyWorkshop()
        try shop.build()
        var bytes = try shop.read("digits.eib")
        bytes[bytes.count - 2_000] ^= 1
        try shop.write("bad.eib", bytes)
        let result = try Martlet.run(["sign", shop.path("bad.eib"), "--key", shop.key("bob")])
        #expect(result.status == 4)
        #expect(try shop.read("bad.eib") == bytes)
    }

    @Test("verify names each signature and why it counts or not")
    func verdicts() throws {
        let shop = try CeremonyWorkshop()
        try shop.makeRoot()
        try shop.generate("release", "carol")
        try shop.build(signedBy: ["alice", "bob", "carol", "online"])
        try shop.run([
            "root", "revoke", shop.path("1.root"), "--output", shop.path("2.root"),
            "--not-after", "+9d", "--key", "bob",
        ])
        try shop.sign("2.root", by: ["r1", "r2"])
        let root = ["--trust", shop.path("2.root")]
        let result = try shop.json(["verify", shop.path("digits.eib")] + root)
        let verdicts = CeremonyWorkshop.verdicts(result)
        #expect(verdicts["alice"] == "counts" && verdicts["online"] == "other-role")
        #expect(verdicts.values.sorted() == ["counts", "other-role", "revoked-key", "unknown-key"])
        let text = try shop.run(["verify", shop.path("digits.eib")] + root)
        #expect(text.contains("1 signature(s) count, 1 needed"))
        #expect(text.contains("does not count: the key is revoked"))
        // A forged signature under a known key's id refuses the file, and is named.
        var bytes = try shop.read("digits.eib")
        bytes[512 + 96 + 20] ^= 1
        try shop.write("forged.eib", bytes)
        let forged = try shop.json(["verify", shop.path("forged.eib")] + root, status: 4)
        #expect(CeremonyWorkshop.verdicts(forged)["alice"] == "invalid")
        let told = try Martlet.run(["verify", shop.path("forged.eib")] + root)
        #expect(told.errors.contains("refused: this is not the key's signature"))
        #expect(told.output.isEmpty)
    }

    @Test("a revoked content is refused whoever signed it")
    func revokedContent() throws {
        let shop = try CeremonyWorkshop()
        try shop.makeRoot()
        try shop.build()
        try shop.run([
            "root", "revoke", shop.path("1.root"), "--output", shop.path("2.root"),
            "--not-after", "+9d", "--content", shop.path("digits.eib"),
        ])
        try shop.sign("2.root", by: ["r1", "r2"])
        let result = try Martlet.run([
            "verify", shop.path("digits.eib"), "--trust", shop.path("2.root"),
        ])
        #expect(result.status == 4 && result.errors.contains("revokes the bundle's content"))
    }

    @Test("a key in a module signs in two rounds, or in one with minisign")
    func detached() throws {
        let shop = try CeremonyWorkshop()
        try shop.makeRoot(signedBy: ["r1"])
        let root = shop.path("1.root")
        // OpenSSL plays the module: it holds the key and signs raw bytes.
        let seed = shop.path("module.pem")
        try shop.tool(["openssl", "genpkey", "-algorithm", "ed25519", "-out", seed])
        try shop.tool([
            "openssl", "pkey", "-in", seed, "-pubout", "-outform", "DER", "-out",
            shop.path("module.der"),
        ])
        let key = try shop.read("module.der").suffix(32)
        let line = Data([0x45, 0x64] + [UInt8](repeating: 7, count: 8) + key)
        try shop.write(
            "module.pub",
            [UInt8]("untrusted comment: module\n\(line.base64EncodedString())\n".utf8)
        )
        let pub = shop.path("module.pub")
        let (d1, d2) = (shop.path("d1"), shop.path("d2"))
        try shop.run(["sign", root, "--emit-digest", d1])
        #expect(try shop.read("d1").count == 64)
        try shop.module(seed, d1, shop.path("s1"))
        let before = try shop.read("1.root")
        let half = try Martlet.run([
            "sign", root, "--attach-signature", shop.path("s1"), "--public-key", pub,
        ])
        #expect(half.status == 2 && half.errors.contains("1 of 2 signatures"))
        try shop.run([
            "sign", root, "--emit-digest", d2, "--first-signature", shop.path("s1"),
            "--public-key", pub,
        ])
        try shop.module(seed, d2, shop.path("s2"))
        let swapped = try Martlet.run([
            "sign", root, "--attach-signature", shop.path("s2"), "--attach-signature",
            shop.path("s1"), "--public-key", pub,
        ])
        #expect(swapped.status == 4)
        #expect(try shop.read("1.root") == before)
        let both = ["--attach-signature", shop.path("s1"), "--attach-signature", shop.path("s2")]
        try shop.run(["sign", root] + both + ["--public-key", pub])
        #expect(try shop.read("1.root") != before)
        // A stranger's key does not claim them.
        let other = try Martlet.run(["sign", root] + both + ["--public-key", shop.pub("r2")])
        #expect(other.status == 4)
    }

    @Test("stock minisign signs a root with an exported key, and verifies what is exported")
    func minisign() throws {
        let shop = try CeremonyWorkshop()
        try shop.makeRoot(signedBy: ["r1"])
        let root = shop.path("1.root")
        try shop.run([
            "key", "export", shop.key("r2"), "--minisign-secret", shop.path("m.key"),
            "--minisign-public", shop.path("m.pub"),
        ])
        // The text alone, behind the envelope's 4096 bytes, is what minisign signs.
        try shop.write("text", Array(try shop.read("1.root")[4_096...]))
        try shop.tool([
            "minisign", "-S", "-s", shop.path("m.key"), "-m", shop.path("text"), "-t",
            "martlet root version:1",
        ])
        try shop.run([
            "sign", root, "--attach-signature", shop.path("text.minisig"), "--public-key",
            shop.path("m.pub"),
        ])
        try shop.run(["verify", root, "--trust", root, "--export-minisig", shop.path("out")])
        #expect(try shop.read("out") == shop.read("text"))
        let signer = shop.path("out")
        let results = try ["r1", "r2"].filter { name in
            try shop.status(["minisign", "-V", "-p", shop.pub(name), "-m", signer]) == 0
        }
        #expect(results.count == 1)
        // Another comment is another signature.
        try shop.tool([
            "minisign", "-S", "-s", shop.path("m.key"), "-m", shop.path("text"), "-t", "hello",
        ])
        let other = try Martlet.run([
            "sign", root, "--attach-signature", shop.path("text.minisig"), "--public-key",
            shop.path("m.pub"),
        ])
        #expect(other.status == 4 && other.errors.contains("martlet root version:1"))
    }

    @Test("a channel lists verified bundles and is believed under the channel role until it ends")
    func channel() throws {
        let shop = try CeremonyWorkshop()
        try shop.makeRoot()
        try shop.build()
        let root = ["--trust", shop.path("1.root")]
        let file = shop.path("live.channel")
        try shop.run(
            ["channel", "create", "--name", "doorbell", "--version", "5", "--not-after", "+7d"]
                + ["--bundle", shop.path("digits.eib"), "--rollout", "10", "--output", file]
                + root
        )
        #expect(try Martlet.run(["verify", file] + root).status == 4)
        let wrong = try Martlet.run([
            "channel", "sign", file, "--key", shop.key("alice"), "--root", shop.path("1.root"),
        ])
        #expect(wrong.status == 3)
        try shop.run([
            "channel", "sign", file, "--key", shop.key("online"), "--root", shop.path("1.root"),
        ])
        let result = try shop.json(["verify", file] + root)
        #expect(result["kind"] as? String == "channel" && result["version"] as? String == "5")
        let shown = try shop.json(["channel", "show", file])
        let bundles = try #require(shown["bundles"] as? [[String: Any]])
        #expect(bundles.map { $0["counter"] as? Int } == [3])
        #expect(shown["rolloutPercent"] as? Int == 10)
        let plain = try Martlet.run(["verify", file, "--trust", shop.pub("online")])
        #expect(plain.status == 2 && plain.errors.contains("under a root"))
        let stale = shop.path("stale.channel")
        try shop.run(
            ["channel", "create", "--name", "doorbell", "--version", "1", "--created"]
                + ["2020-01-01", "--not-after", "2020-01-08", "--bundle", shop.path("digits.eib")]
                + ["--output", stale] + root
        )
        try shop.run(["channel", "sign", stale, "--key", shop.key("online")])
        let expired = try Martlet.run(["verify", stale] + root)
        #expect(expired.status == 4 && expired.errors.contains("expired 2020-01-08"))
    }

    @Test("an expired root accepts nothing new, and stops nothing that runs")
    func expiredRoot() throws {
        let shop = try CeremonyWorkshop()
        try shop.build()
        let root = shop.path("old.root")
        try shop.run([
            "root", "create", "--output", root, "--created", "2020-01-01", "--not-after",
            "2020-02-01", "--root-key", shop.pub("r1"), "--release-key", shop.pub("alice"),
        ])
        try shop.sign("old.root", by: ["r1"])
        let bundle = [shop.path("digits.eib"), "--trust", root]
        let verified = try Martlet.run(["verify"] + bundle)
        #expect(verified.status == 4 && verified.errors.contains("expired 2020-02-01"))
        #expect(verified.errors.contains("alice  release  counts"))
        try shop.run(
            ["infer"] + bundle
                + ["--input", Martlet.digits("test_int8.npy"), "--output", shop.path("o.npy")]
        )
    }

    @Test("a root and keys, or two roots, are not trusted at once, and nothing else is a root")
    func mixedTrust() throws {
        let shop = try CeremonyWorkshop()
        try shop.makeRoot()
        try shop.build()
        let bundle = ["verify", shop.path("digits.eib"), "--trust", shop.path("1.root")]
        #expect(try Martlet.run(bundle + ["--trust", shop.pub("alice")]).status == 2)
        #expect(try Martlet.run(bundle + ["--trust", shop.path("1.root")]).status == 2)
        var bytes = try shop.read("1.root")
        bytes[bytes.count - 5] ^= 1
        try shop.write("bad.root", bytes)
        let damaged = try Martlet.run(["verify", bundle[1], "--trust", shop.path("bad.root")])
        #expect(damaged.status == 4)
        #expect(
            try Martlet.run(["verify", shop.pub("alice"), "--trust", shop.pub("bob")]).status == 4
        )
    }
}

extension CeremonyWorkshop {
    func status(_ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Runs a program of the system that must succeed.
    func tool(_ arguments: [String]) throws {
        try #require(try status(arguments) == 0, "\(arguments)")
    }

    /// Signs raw bytes as a hardware module does.
    func module(_ key: String, _ input: String, _ output: String) throws {
        try tool([
            "openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", input, "-out", output,
        ])
    }
}
