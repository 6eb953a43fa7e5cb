import BundleFormat
import Testing

@Suite("Sodium")
struct SodiumTests {
    /// Bytes from hexadecimal digits; the digits here are the tests' own.
    static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex)
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
    }

    // RFC 8032, section 7.1: TEST 1, TEST 2, TEST 3.
    @Test(
        "Ed25519 gives and accepts the signatures of the standard",
        arguments: [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
                    + "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
                    + "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            ),
            (
                "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
                    + "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
            ),
        ]
    )
    func standardSignatures(seed: String, key: String, message: String, signature: String) throws {
        let pair = try #require(IdentityKeyPair(seed: Self.bytes(seed)))
        #expect(pair.publicKey.bytes == Self.bytes(key))
        let message = Self.bytes(message)
        #expect(pair.sign(message) == Self.bytes(signature))
        #expect(pair.publicKey.isValid(signature: Self.bytes(signature), of: message))
        #expect(!pair.publicKey.isValid(signature: Self.bytes(signature), of: message + [0]))
    }

    @Test("a signature whose scalar is not reduced, or under a key of small order, is refused")
    func malleability() throws {
        let pair = IdentityKeyPair()
        let message: [UInt8] = [1, 2, 3]
        var signature = pair.sign(message)
        // S + L is another encoding of the same scalar (RFC 8032, 5.1.7 demands S < L).
        let order = Self.bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var carry = 0
        for index in 0..<32 {
            let sum = Int(signature[32 + index]) + Int(order[index]) + carry
            signature[32 + index] = UInt8(sum & 0xFF)
            carry = sum >> 8
        }
        #expect(!pair.publicKey.isValid(signature: signature, of: message))
        let neutral = try #require(PublicKey([1] + [UInt8](repeating: 0, count: 31)))
        let forged = [1] + [UInt8](repeating: 0, count: 63)
        #expect(!neutral.isValid(signature: forged, of: message))
        #expect(PublicKey([UInt8](repeating: 0, count: 31)) == nil)
        #expect(!pair.publicKey.isValid(signature: [], of: message))
    }

    // RFC 7693, appendix A, and the reference implementation's BLAKE2b-256 of the empty message.
    @Test("BLAKE2b gives the known answers, in one piece or many")
    func hashes() {
        let abc =
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
            + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
        #expect(Sodium.blake2b([0x61, 0x62, 0x63], sizeBytes: 64) == Self.bytes(abc))
        let empty = "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"
        #expect(Sodium.blake2b([UInt8](), sizeBytes: 32) == Self.bytes(empty))
        var streaming = StreamingHash(sizeBytes: 64)
        streaming.update([0x61])
        streaming.update([UInt8]())
        streaming.update([0x62, 0x63])
        #expect(streaming.finish() == Self.bytes(abc))
    }

    @Test("only the holder of the secret half opens a sealed message, and only unchanged")
    func sealing() throws {
        let pair = SealingKeyPair()
        for message: [UInt8] in [[], [1], [UInt8](repeating: 7, count: 5_000)] {
            let sealed = try #require(pair.publicKey.seal(message))
            #expect(sealed.count == message.count + SealingPublicKey.overheadBytes)
            #expect(pair.open(sealed) == message)
            #expect(SealingKeyPair().open(sealed) == nil)
            var changed = sealed
            changed[sealed.count - 1] ^= 1
            #expect(pair.open(changed) == nil)
            #expect(pair.open([UInt8](sealed.dropLast())) == nil)
        }
        let again = try #require(SealingKeyPair(secretBytes: pair.secretBytes))
        #expect(again.publicKey.bytes == pair.publicKey.bytes)
    }
}
