import Foundation
import Testing

@Suite("What bad input gets")
struct RefusalTests {
    @Test(
        "a changed, cut or stranger's bundle exits with 4 and says why",
        arguments: [
            "flip", "cut", "stranger",
        ]
    )
    func badBundle(kind: String) throws {
        let workshop = try Workshop()
        var bytes = try workshop.read(workshop.bundle)
        var trust = workshop.trust
        switch kind {
        case "flip": bytes[bytes.count / 2] ^= 1
        case "cut": bytes.removeLast(700)
        default: trust = try Workshop().trustCopy(in: workshop)
        }
        let bad = try workshop.write("bad.eib", bytes)
        let result = try Martlet.run(["verify", bad, "--trust", trust])
        #expect(result.status == 4)
        #expect(result.errors.hasPrefix("error: "))
        #expect(result.output.isEmpty)
    }

    @Test("no bundle is believed without a trusted key")
    func noTrust() throws {
        let workshop = try Workshop()
        let result = try Martlet.run(["inspect", workshop.bundle])
        #expect(result.status == 4)
        #expect(result.errors.contains("help: pass --trust KEY.pub"))
    }

    @Test("a float model exits with 5 and names what would help")
    func unsupportedModel() throws {
        let result = try Martlet.run(["bench", Martlet.digits("digits_float.tflite")])
        #expect(result.status == 5)
        #expect(result.errors.contains("--calibration"))
        #expect(result.errors.contains("martlet infer --reference"))
    }

    @Test("accuracy below the gate exits with 6 and writes no bundle")
    func gate() throws {
        let workshop = try Workshop()
        let output = workshop.path("gated.eib")
        let result = try workshop.build(to: output, with: ["--min-accuracy", "0.999"])
        #expect(result.status == 6)
        #expect(!FileManager.default.fileExists(atPath: output))
    }

    @Test(
        "files that are missing, damaged or of the wrong shape exit with 7 or 2",
        arguments: [
            ("missing.npy", Int32(7)), ("damaged.npy", 7), ("labels", 2),
        ]
    )
    func badArrays(name: String, status: Int32) throws {
        let workshop = try Workshop()
        var path = workshop.path(name)
        if name == "damaged.npy" { path = try workshop.write(name, Array("\u{93}NUMPY".utf8)) }
        if name == "labels" { path = Martlet.digits("test_labels.npy") }
        let result = try Martlet.run([
            "infer", workshop.bundle, "--trust", workshop.trust, "--input", path, "--output",
            workshop.path("out.npy"),
        ])
        #expect(result.status == status)
        #expect(result.errors.contains(name == "labels" ? "shape" : name))
        #expect(!FileManager.default.fileExists(atPath: workshop.path("out.npy")))
    }

    @Test("a full disk exits with 8 and leaves nothing under the bundle's name")
    func fullDisk() throws {
        let workshop = try Workshop()
        let mount = workshop.path("small")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        let script =
            "mount -t tmpfs -o size=8k none '\(mount)' && \"$@\"; status=$?; "
            + "ls '\(mount)' >&2; exit $status"
        let result = try workshop.build(
            to: mount + "/digits.eib",
            under: ["unshare", "-rm", "sh", "-c", script, "sh"]
        )
        #expect(result.status == 8, "\(result.errors)")
        #expect(result.errors.contains("no space left"))
        #expect(!result.errors.contains("digits.eib.partial\n"))
    }

    @Test("usage errors exit with 2, an unknown target with 9")
    func usage() throws {
        let workshop = try Workshop()
        #expect(try Martlet.run(["verify"]).status == 2)
        #expect(try Martlet.run(["surprise"]).status == 2)
        let result = try workshop.build(to: workshop.path("x.eib"), with: ["--target", "toaster"])
        #expect(result.status == 9)
        #expect(result.errors.contains("choose one of: aarch64-dotprod, "))
    }

    @Test("a key is never replaced, and its file is for its owner alone")
    func keys() throws {
        let workshop = try Workshop()
        let again = try Martlet.run([
            "key", "generate", "--role", "release", "--output", workshop.path("keys"),
            "--no-password",
        ])
        #expect(again.status == 3)
        let attributes = try FileManager.default.attributesOfItem(atPath: workshop.key)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("help, version and completions go to standard output with status 0")
    func help() throws {
        for arguments in [
            ["--help"], ["build", "--help"], ["--version"],
            ["--generate-completion-script", "bash"],
        ] {
            let result = try Martlet.run(arguments)
            #expect(result.status == 0)
            #expect(!result.output.isEmpty && result.errors.isEmpty)
        }
    }
}

extension Workshop {
    /// This workshop's public key, kept in another that lives longer.
    func trustCopy(in other: Workshop) throws -> String {
        try other.write("stranger.pub", read(trust))
    }
}
