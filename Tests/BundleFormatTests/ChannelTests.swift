import BundleFormat
import Packager
import Testing

@Suite("Channel documents")
struct ChannelTests {
    typealias Ceremony = TrustCeremony

    @Test("a channel is read back as it was written")
    func roundTrip() throws {
        var channel = Ceremony.channel(version: 4)
        channel.rolloutPercent = 25
        channel.rolloutSeed = 99
        channel.extensions = [[UInt8]("x-ring early".utf8)]
        let bytes = try Ceremony.file(channel, signedBy: [Ceremony.channelKey])
        #expect(SignedDocument.claimedKind(of: bytes) == .channel)
        let verified = try Ceremony.trusted().channel(bytes)
        #expect(verified.channel == channel)
        #expect(verified.signers == [Ceremony.channelKey.publicKey.key])
        let hash = String(repeating: "07", count: 32)
        let expected = """
            eib-channel/1
            name doorbell
            target any
            version 4
            created 1767225640
            not-after 1767312000
            rollout 25 99
            bundle small 7 \(hash)
            x-ring early

            """
        #expect(String(decoding: channel.encoded(), as: UTF8.self) == expected)
    }

    @Test(
        "a channel that is signed but breaks a rule of its text is refused, and its line named",
        arguments: [
            ("name doorbell", "name Doorbell", 2), ("target any", "target a b", 3),
            ("version 1", "version 0", 4), ("created 1767225610", "created 9999999999", 6),
            ("not-after 1767312000", "not-after 0", 6), ("rollout 100 0", "rollout 101 0", 7),
            ("rollout 100 0", "rollout 100", 7), ("bundle small 7", "bundle small 07", 8),
            ("bundle small 7", "bundle small -7", 8), ("bundle small", "bundle ../small", 8),
            ("rollout", "extra 1\nrollout", 7), ("eib-channel/1\n", "eib-channel/1\n\n", 2),
        ]
    )
    func malformedText(old: String, new: String, line: Int) throws {
        let channel = Ceremony.channel()
        let text = String(decoding: channel.encoded(), as: UTF8.self)
        try #require(text.contains(old))
        let bytes = try Ceremony.file(
            kind: .channel,
            text: [UInt8](text.replacing(old, with: new).utf8),
            comment: channel.trustedComment,
            by: [Ceremony.channelKey]
        )
        let root = try Ceremony.trusted()
        #expect(throws: TrustError.textMalformed(line: line)) { try root.channel(bytes) }
    }

    @Test("a channel lists each name once, at least one and at most 64")
    func counts() throws {
        let root = try Ceremony.trusted()
        func accepts(_ names: [String]) throws -> Bool {
            var channel = Ceremony.channel()
            channel.bundles = names.map {
                ChannelEntry(
                    name: [UInt8]($0.utf8),
                    counter: 1,
                    manifestHash: [UInt8](repeating: 0, count: 32)
                )
            }
            let bytes = try Ceremony.file(channel, signedBy: [Ceremony.channelKey])
            return (try? root.channel(bytes)) != nil
        }
        #expect(try !accepts([]))
        #expect(try accepts(["a", "b"]))
        #expect(try !accepts(["a", "a"]))
        #expect(try !accepts(["b", "a"]))
        #expect(try accepts((10..<74).map { "n\($0)" }))
        #expect(try !accepts((10..<75).map { "n\($0)" }))
    }

    @Test("every single-byte flip and every truncation of a channel is refused")
    func flips() throws {
        let root = try Ceremony.trusted()
        let bytes = try Ceremony.file(Ceremony.channel(), signedBy: [Ceremony.channelKey])
        for offset in bytes.indices {
            var changed = bytes
            changed[offset] ^= UInt8(1 << (offset % 8))
            #expect(throws: TrustError.self, "offset \(offset)") { try root.channel(changed) }
        }
        for count in 0..<bytes.count {
            #expect(throws: TrustError.self, "\(count) bytes") {
                try root.channel([UInt8](bytes[..<count]))
            }
        }
        #expect(throws: TrustError.self) { try root.channel(bytes + [0]) }
    }

    @Test("every re-signed byte change of a channel's text is refused or another channel")
    func resignedFlips() throws {
        let root = try Ceremony.trusted()
        let channel = Ceremony.channel()
        let text = channel.encoded()
        for offset in text.indices {
            for flip: UInt8 in [1, 4, 0x20, 0x80] {
                var changed = text
                changed[offset] ^= flip
                let bytes = try Ceremony.file(
                    kind: .channel,
                    text: changed,
                    comment: channel.trustedComment,
                    by: [Ceremony.channelKey]
                )
                do throws(TrustError) {
                    let other = try root.channel(bytes).channel
                    #expect(other != channel && other.encoded() == changed)
                } catch { continue }
            }
        }
    }

    @Test("a rollout takes about its share of devices, and raising it keeps those that are in")
    func rollout() {
        var channel = Ceremony.channel()
        channel.rolloutSeed = 7
        let devices = (0..<2_000).map { index in [UInt8]("device-\(index)".utf8) }
        var before: Set<Int> = []
        for percent: UInt32 in [0, 1, 10, 50, 100] {
            channel.rolloutPercent = percent
            let members = Set(devices.indices.filter { channel.includes(device: devices[$0]) })
            #expect(members.isSuperset(of: before))
            // Six standard deviations of a binomial with 2,000 draws are at most 135.
            #expect(abs(members.count - 20 * Int(percent)) <= 135, "\(percent) %")
            before = members
        }
        channel.rolloutPercent = 50
        let first = devices.filter { channel.includes(device: $0) }
        channel.rolloutSeed = 8
        #expect(first != devices.filter { channel.includes(device: $0) })
        #expect(before.count == devices.count)
    }
}
