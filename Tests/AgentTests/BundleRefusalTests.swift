import Foundation
import Testing

@Suite("Bundles that are not served")
struct BundleRefusalTests {
    /// Runs the agent on a bundle that it must refuse; its last words.
    static func refusal(_ stand: Stand, exit code: Int32) throws -> String {
        let agent = try stand.spawnAgent()
        #expect(agent.wait() == .exit(code), "\(agent.errors)")
        let names = stand.stateFiles()
        #expect(Stand.halfWritten(names).isEmpty)
        #expect(!names.contains { $0.hasPrefix("images/") }, "\(names)")
        #expect(!FileManager.default.fileExists(atPath: stand.path("s")))
        // What is left is whole: the state can be checked.
        let check = try stand.spawn(["state", "check", "--state", stand.path("state")])
        #expect(check.wait() == .exit(0), "\(check.errors)")
        let lines = agent.errors.split(separator: "\n")
        return lines.last.map(String.init) ?? ""
    }

    @Test("a bundle signed by a stranger is refused")
    func stranger() throws {
        let stand = try Stand(bundle: DigitsBundle.make(keys: [DigitsBundle.stranger]))
        let words = try Self.refusal(stand, exit: 4)
        #expect(
            words.hasPrefix("error: bundle refused: signed by too few trusted keys: 0 instead of 1")
        )
    }

    @Test("a bundle for another architecture is refused")
    func architecture() throws {
        let stand = try Stand(bundle: DigitsBundle.make(architecture: "mips"))
        let words = try Self.refusal(stand, exit: 9)
        #expect(words.hasPrefix("error: bundle refused: it is not made for this kind of device"))
    }

    @Test("a bundle for another version of the agent is refused")
    func runtimeAbi() throws {
        let stand = try Stand(bundle: DigitsBundle.make(runtimeAbi: 2))
        let words = try Self.refusal(stand, exit: 9)
        #expect(
            words.hasPrefix("error: bundle refused: it needs another version of the agent")
        )
    }

    @Test("a machine that computes a golden vector otherwise does not serve")
    func golden() throws {
        let bundle = try DigitsBundle.make { golden in golden[3].outputs[7] ^= 1 }
        let stand = try Stand(bundle: bundle)
        let agent = try stand.spawnAgent()
        #expect(agent.wait() == .exit(4))
        #expect(
            agent.errors.contains(
                "error: self-test failed: this machine does not compute golden vector 3, "
                    + "output byte 7"
            )
        )
        #expect(!FileManager.default.fileExists(atPath: stand.path("s")))
        #expect(Stand.halfWritten(stand.stateFiles()).isEmpty)
    }

    @Test("a flip of a bit anywhere is refused", arguments: 0..<24)
    func flips(place: Int) throws {
        var bundle = try DigitsBundle.make()
        let index = (bundle.count - 1) * place / 23
        bundle[index] ^= 0x10
        let stand = try Stand(bundle: bundle)
        _ = try Self.refusal(stand, exit: 4)
    }

    @Test("a bundle that is cut short anywhere is refused", arguments: 0..<12)
    func truncations(place: Int) throws {
        let bundle = try DigitsBundle.make()
        let stand = try Stand(bundle: [UInt8](bundle.prefix(bundle.count * place / 12)))
        _ = try Self.refusal(stand, exit: 4)
    }

    @Test("a bundle with bytes behind its end is refused")
    func trailing() throws {
        let stand = try Stand(bundle: DigitsBundle.make() + [0])
        _ = try Self.refusal(stand, exit: 4)
    }

    @Test("a bundle, a key or an identity that is not there, or is none, says so")
    func files() throws {
        let stand = try Stand()
        try FileManager.default.removeItem(atPath: stand.path("b.eib"))
        var words = try Self.refusal(stand, exit: 7)
        #expect(words.hasPrefix("error: cannot open: there is no such file, error 2"))
        try stand.write("k.pub", [UInt8]("untrusted comment: x\nabcd\n".utf8))
        words = try Self.refusal(stand, exit: 2)
        #expect(words.hasPrefix("error: this is not a release public key in minisign's form"))
    }

    @Test("a changed installed image is noticed and written again")
    func damagedImage() throws {
        let stand = try Stand()
        let first = try stand.start()
        first.signal(SIGTERM)
        #expect(first.wait() == .exit(0))
        let image = try #require(stand.stateFiles().first { $0.hasSuffix(".img") })
        var bytes = try stand.read("state/\(image)")
        bytes[bytes.count / 2] ^= 1
        try FileManager.default.removeItem(atPath: stand.path("state/\(image)"))
        try stand.write("state/\(image)", bytes)
        let check = try stand.spawn(["state", "check", "--state", stand.path("state")])
        #expect(check.wait() == .exit(4))
        #expect(check.output.contains("images-damaged 1\n"))
        let second = try stand.start()
        #expect(try stand.status()["inferences"] == 0)
        second.signal(SIGTERM)
        #expect(second.wait() == .exit(0))
        #expect(second.errors.contains("an installed image is damaged and is written again"))
        let again = try stand.spawn(["state", "check", "--config", stand.path("a.conf")])
        #expect(again.wait() == .exit(0), "\(again.errors)")
        #expect(again.output.contains("images-whole 1\nimages-damaged 0\n"))
    }

    @Test("a new bundle replaces the image of the old one")
    func replaced() throws {
        let stand = try Stand()
        let first = try stand.start()
        first.signal(SIGTERM)
        #expect(first.wait() == .exit(0))
        let before = stand.stateFiles().filter { $0.hasSuffix(".img") }
        // Other golden vectors make another image.
        try stand.write("b.eib", DigitsBundle.make { golden in golden.removeLast() })
        let second = try stand.start()
        let after = stand.stateFiles().filter { $0.hasSuffix(".img") }
        #expect(before.count == 1)
        #expect(after.count == 1)
        #expect(before != after)
        #expect(second.endingNow == nil)
    }
}
