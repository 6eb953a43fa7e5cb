import Foundation
import Testing

@Suite("Root documents on the command line")
struct RootCommandTests {
    @Test("a draft is no root, one signature of two is none, two are one")
    func ceremony() throws {
        let shop = try CeremonyWorkshop()
        try shop.makeRoot(signedBy: [])
        for (key, status) in [("r1", Int32(4)), ("r3", 0)] {
            #expect(try Martlet.run(["root", "verify", shop.path("1.root")]).status == 4)
            try shop.sign("1.root", by: [key])
            let result = try Martlet.run(["root", "verify", shop.path("1.root")])
            #expect(result.status == status, "\(result.errors)")
        }
        let output = try shop.run(["root", "verify", shop.path("1.root")])
        #expect(output.contains("root 1, signed by r1, r3"))
    }

    @Test("the walk from root 1 to root 3 changes keys, and skips nothing")
    func rotation() throws {
        let shop = try CeremonyWorkshop()
        try shop.makeRoot()
        try shop.run([
            "root", "rotate", shop.path("1.root"), "--output", shop.path("2.root"), "--not-after",
            "never", "--remove-key", "r1", "--root-key", shop.pub("r4"),
        ])
        let before = try shop.read("1.root")
        // r1 had the role in the root before, so it may sign; alone with r4 it is too few of both.
        let alone = try Martlet.run([
            "root", "sign", shop.path("2.root"), "--key", shop.key("r1"),
        ])
        #expect(alone.status == 3 && alone.errors.contains("--previous"))
        let previous = ["--previous", shop.path("1.root")]
        try shop.sign("2.root", by: ["r1", "r4"], more: previous)
        let files = [shop.path("1.root"), shop.path("2.root")]
        #expect(try Martlet.run(["root", "verify"] + files).status == 4)
        try shop.sign("2.root", by: ["r2"])
        try shop.run(["root", "verify"] + files)
        try shop.run([
            "root", "revoke", shop.path("2.root"), "--output", shop.path("3.root"),
            "--not-after", "+30d", "--key", "r2", "--content", String(repeating: "ab", count: 32),
        ])
        try shop.sign("3.root", by: ["r3", "r4"])
        let walk = try shop.json(["root", "verify"] + files + [shop.path("3.root")])
        #expect(walk["version"] as? Int == 3)
        let skipped = try Martlet.run(["root", "verify", files[0], shop.path("3.root")])
        #expect(skipped.status == 4)
        let shown = try shop.json(["root", "show", shop.path("3.root")])
        #expect((shown["revokedKeys"] as? [String])?.count == 1)
        #expect(shown["revokedContents"] as? [String] == [String(repeating: "ab", count: 32)])
        #expect(try shop.read("1.root") == before)
        // The revoked key does not come back.
        let again = try Martlet.run([
            "root", "rotate", shop.path("3.root"), "--output", shop.path("4.root"),
            "--not-after", "never", "--root-key", shop.pub("r2"),
        ])
        #expect(again.status == 3 && again.errors.contains("revoked"))
        #expect(!FileManager.default.fileExists(atPath: shop.path("4.root")))
    }

    @Test("an expired last root exits with 4, an expired one on the way does not matter")
    func expiry() throws {
        let shop = try CeremonyWorkshop()
        try shop.run([
            "root", "create", "--output", shop.path("1.root"), "--created", "2020-01-01",
            "--not-after", "2020-02-01", "--root-key", shop.pub("r1"), "--release-key",
            shop.pub("alice"),
        ])
        try shop.sign("1.root", by: ["r1"])
        let expired = try Martlet.run(["root", "verify", shop.path("1.root")])
        #expect(expired.status == 4 && expired.errors.contains("expired 2020-02-01"))
        try shop.run([
            "root", "rotate", shop.path("1.root"), "--output", shop.path("2.root"),
            "--not-after", "+1d",
        ])
        try shop.sign("2.root", by: ["r1"])
        try shop.run(["root", "verify", shop.path("1.root"), shop.path("2.root")])
    }

    @Test(
        "what a root may not hold is refused before a file is written",
        arguments: [
            (["--release-key", "ROOT1"], Int32(3), "already has a role"),
            (
                ["--release-key", "alice=KEYS/alice.pub", "--release-key", "alice=KEYS/bob.pub"], 2,
                "two keys have the name"
            ),
            (["--release-key", "KEYS/alice.pub", "--root-threshold", "4"], 2, "4 signatures of 3"),
            (["--release-key", "KEYS/alice.pub", "--root-threshold", "0"], 2, "0 signatures of 3"),
            (["--release-key", "Alice=KEYS/alice.pub"], 2, "no name of a key"),
            ([], 2, "1 signatures of 0 release"),
            (["--release-key", "KEYS/alice.pub", "--created", "2999-01-01"], 2, "--not-after"),
            (["--release-key", "KEYS/alice.key"], 4, "not a key file"),
        ]
    )
    func refusals(options: [String], status: Int32, text: String) throws {
        let shop = try CeremonyWorkshop()
        let filled = options.map {
            $0.replacing("KEYS", with: shop.path("keys")).replacing("ROOT1", with: shop.pub("r1"))
        }
        let roots = ["r1", "r2", "r3"].flatMap { ["--root-key", shop.pub($0)] }
        let result = try Martlet.run(
            ["root", "create", "--output", shop.path("x.root"), "--not-after", "+9d"] + roots
                + filled
        )
        #expect(result.status == status && result.errors.contains(text), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: shop.path("x.root")))
    }

    @Test("a root that is there is never replaced by a new one")
    func noReplacement() throws {
        let shop = try CeremonyWorkshop()
        try shop.makeRoot()
        let before = try shop.read("1.root")
        let result = try Martlet.run([
            "root", "rotate", shop.path("1.root"), "--output", shop.path("1.root"),
            "--not-after", "never",
        ])
        #expect(result.status == 3)
        #expect(try shop.read("1.root") == before)
    }
    @Test("a command that is killed while it writes leaves the document that was there")
    func killedWriting() throws {
        let shop = try CeremonyWorkshop()
        try shop.makeRoot()
        let before = try shop.read("1.root")
        // Files may have 4 blocks of at most 1,024 bytes; the kernel ends whoever writes more.
        let limit = ["sh", "-c", "ulimit -f 4; exec \"$@\"", "sh"]
        let killed = try Martlet.run(
            ["root", "sign", shop.path("1.root"), "--key", shop.key("r3")],
            under: limit
        )
        #expect(killed.status != 0)
        #expect(try shop.read("1.root") == before)
        try shop.sign("1.root", by: ["r3"])
        let shown = try shop.json(["root", "show", shop.path("1.root")])
        #expect(
            CeremonyWorkshop.verdicts(shown) == ["r1": "counts", "r2": "counts", "r3": "counts"]
        )
    }
}
