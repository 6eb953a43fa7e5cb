import BundleFormat
import Packager
import Testing

@Suite("Root documents")
struct RootTests {
    typealias Ceremony = TrustCeremony

    @Test("a root is read back as it was written, with its keys and revocations")
    func roundTrip() throws {
        var root = Ceremony.root(version: 3)
        root.revokedKeys = [Ceremony.nextRootKeys[0].publicKey.key]
        root.revokedContents = [
            [UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32),
        ]
        root.extensions = [[UInt8]("x-note for people".utf8)]
        let bytes = try Ceremony.file(root, signedBy: Ceremony.rootKeys)
        let document = try SignedDocument(decoding: bytes, kind: .root)
        #expect(document.encoded() == bytes)
        #expect(SignedDocument.claimedKind(of: bytes) == .root)
        #expect(try Root(decoding: document.text) == root)
        let trusted = try TrustedRoot(provisioned: bytes)
        #expect(trusted.root == root && trusted.signers.count == 3)
    }

    @Test("the text of a root is the documented one")
    func text() throws {
        let key = try #require(PublicKey([UInt8](repeating: 0x11, count: 32)))
        let other = try #require(PublicKey([UInt8](repeating: 0x22, count: 32)))
        var root = Root(
            root: RootRole(threshold: 1, keys: [RootKey(key: key, name: [0x61])]),
            release: RootRole(threshold: 1, keys: [RootKey(key: other, name: [0x62])])
        )
        root.created = 5
        let first = String(repeating: "11", count: 32)
        let second = String(repeating: "22", count: 32)
        let expected = """
            eib-root/1
            version 1
            created 5
            not-after 0
            role root 1
            key \(first) a
            role release 1
            key \(second) b

            """
        #expect(String(decoding: root.encoded(), as: UTF8.self) == expected)
    }

    /// What may not stand in a root, however well it is signed: old text, new text, line at fault.
    static let malformed: [(String, String, Int)] = [
        ("version 1", "version 0", 2), ("version 1", "version 01", 2),
        ("version 1", "version 18446744073709551616", 2), ("version 1", "version -1", 2),
        ("version 1", "version  1", 2), ("version 1\n", "version 1\nversion 1\n", 3),
        ("version 1\n", "", 2), ("not-after 1798761600", "not-after 5", 4),
        ("role root 2", "role root 0", 5), ("role root 2", "role root 4", 9),
        ("role root 2", "role root 17", 5), ("role release 1", "role release 3", 12),
        ("role root 2", "role boss 2", 5), ("role release 1", "role channel 1", 9),
        ("root-0", "release-0", 10), ("root-0", "Root-0", 0), ("root-0", "../root", 0),
        ("root-0", "", 0), ("role delta 1", "surprise 1\nrole delta 1", 14),
        ("role delta 1\n", "role delta 1\nx-note a\n", 15),
    ]

    @Test("a root that is signed but breaks a rule of its text is refused", arguments: malformed)
    func malformedText(old: String, new: String, line: Int) throws {
        let bytes = try Ceremony.resigned(
            Ceremony.root(),
            by: Ceremony.rootKeys,
            replacing: old,
            with: new
        )
        do throws(TrustError) {
            _ = try TrustedRoot(provisioned: bytes)
            Issue.record("accepted \(new)")
        } catch {
            guard case .textMalformed(let found) = error else {
                Issue.record("\(error)")
                return
            }
            // Where keys are sorted by chance, the line follows from them; 0 here says so.
            if line != 0 { #expect(abs(found - line) <= (old.contains("-0") ? 2 : 0)) }
        }
    }

    @Test("keys that are not sorted, or of upper-case digits, are refused")
    func keyForm() throws {
        var root = Ceremony.root()
        root.root.keys.swapAt(0, 1)
        let swapped = try Ceremony.file(root, signedBy: Ceremony.rootKeys)
        #expect(throws: TrustError.textMalformed(line: 7)) {
            try TrustedRoot(provisioned: swapped)
        }
        // A key with a letter in it, so that upper case differs.
        let hex = Ceremony.root().root.keys[0].key.bytes.hexDigits
        let upper = try Ceremony.resigned(
            Ceremony.root(),
            by: Ceremony.rootKeys,
            replacing: hex,
            with: hex.uppercased()
        )
        #expect(throws: TrustError.textMalformed(line: 6)) {
            try TrustedRoot(provisioned: upper)
        }
    }

    @Test("a key that is not canonically encoded is refused in a list of keys")
    func canonicalKeys() throws {
        // p = 2^255 - 19 is another encoding of 0, and p + 1 of 1.
        for low: UInt8 in [0xED, 0xEE, 0xFF] {
            for high: UInt8 in [0x7F, 0xFF] {
                let bytes = [low] + [UInt8](repeating: 0xFF, count: 30) + [high]
                let key = try #require(PublicKey(bytes))
                #expect(!key.isCanonical)
                var root = Ceremony.root()
                root.root.keys.append(RootKey(key: key, name: [0x7A]))
                root.root.keys.sort { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
                let bytesOfFile = try Ceremony.file(root, signedBy: Ceremony.rootKeys)
                #expect(throws: TrustError.self) { try TrustedRoot(provisioned: bytesOfFile) }
            }
        }
        let below = try #require(
            PublicKey([0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F])
        )
        #expect(below.isCanonical)
        #expect(Ceremony.rootKeys.allSatisfy { $0.publicKey.key.isCanonical })
    }

    @Test("a revoked key has no role, and revocations are sorted and counted")
    func revocations() throws {
        var root = Ceremony.root()
        root.revokedKeys = [Ceremony.rootKeys[0].publicKey.key]
        let inRole = try Ceremony.file(root, signedBy: Ceremony.rootKeys)
        #expect(throws: TrustError.textMalformed(line: 16)) {
            try TrustedRoot(provisioned: inRole)
        }
        root.revokedKeys = []
        root.revokedContents = [
            [UInt8](repeating: 2, count: 32), [UInt8](repeating: 1, count: 32),
        ]
        let unsorted = try Ceremony.file(root, signedBy: Ceremony.rootKeys)
        #expect(throws: TrustError.textMalformed(line: 17)) {
            try TrustedRoot(provisioned: unsorted)
        }
        root.revokedContents = (0..<1_025).map { index in
            [UInt8(index >> 8), UInt8(index & 255)] + [UInt8](repeating: 0, count: 30)
        }
        let tooMany = try Ceremony.file(root, signedBy: Ceremony.rootKeys)
        #expect(throws: TrustError.textMalformed(line: 16 + 1_024)) {
            try TrustedRoot(provisioned: tooMany)
        }
        root.revokedContents.removeLast()
        let most = try Ceremony.file(root, signedBy: Ceremony.rootKeys)
        #expect(try TrustedRoot(provisioned: most).root.revokedContents.count == 1_024)
    }

    @Test("every single-byte flip of a root that is signed just enough is refused")
    func flips() throws {
        let bytes = try Ceremony.file(
            Ceremony.root(),
            signedBy: Array(Ceremony.rootKeys[..<2])
        )
        for offset in bytes.indices {
            var changed = bytes
            changed[offset] ^= UInt8(1 << (offset % 8))
            #expect(throws: TrustError.self, "offset \(offset)") {
                try TrustedRoot(provisioned: changed)
            }
        }
    }

    @Test("every truncation of a root is refused, and so is a byte more")
    func truncations() throws {
        let bytes = try Ceremony.file(Ceremony.root(), signedBy: Ceremony.rootKeys)
        for count in 0..<bytes.count {
            #expect(throws: TrustError.self, "\(count) bytes") {
                try TrustedRoot(provisioned: [UInt8](bytes[..<count]))
            }
        }
        #expect(throws: TrustError.self) { try TrustedRoot(provisioned: bytes + [0]) }
        #expect(throws: TrustError.self) { try TrustedRoot(provisioned: bytes + [0x0A]) }
    }

    @Test("every re-signed byte change of a root's text is refused or another root, never a trap")
    func resignedFlips() throws {
        let root = Ceremony.root()
        let text = root.encoded()
        for offset in text.indices {
            for flip: UInt8 in [1, 0x20, 0x80] {
                var changed = text
                changed[offset] ^= flip
                let bytes = try Ceremony.file(
                    kind: .root,
                    text: changed,
                    comment: root.trustedComment,
                    by: Array(Ceremony.rootKeys[..<2])
                )
                do throws(TrustError) {
                    let other = try TrustedRoot(provisioned: bytes).root
                    #expect(other != root && other.encoded() == changed, "offset \(offset)")
                } catch { continue }
            }
        }
    }

    @Test("every re-signed truncation of a root's text is refused, or is a root without its end")
    func resignedTruncations() throws {
        let text = Ceremony.root().encoded()
        for count in 1..<text.count {
            let cut = [UInt8](text[..<count])
            guard let root = try? Root(decoding: cut) else { continue }
            // Whole optional blocks at the end may be missing: that is another, well-formed root.
            #expect(root.encoded() == cut && root.delta == nil, "\(count) bytes")
        }
    }
}
