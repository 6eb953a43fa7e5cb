import BundleFormat
import Foundation
import Packager
import Testing

@Suite("Keys, signatures and drafts of roots")
struct SigningTests {
    /// A key file with other bytes in its payload.
    static func changed(_ text: String, _ change: (inout [UInt8]) -> Void) throws -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var payload = [UInt8](try #require(Data(base64Encoded: lines[1])))
        change(&payload)
        lines[1] = Data(payload).base64EncodedString()
        return lines.joined(separator: "\n")
    }

    @Test("a key file of argon2id opens with its password alone, and says how it is encrypted")
    func argon2id() throws {
        let key = SigningKey()
        let text = try key.fileContent(role: "root", password: "word", encryption: .argon2id)
        #expect(try KeyEncryption(fileContent: text) == .argon2id)
        let again = try SigningKey(fileContent: text, password: "word")
        #expect(again.publicKey.key == key.publicKey.key)
        #expect(throws: SigningError.passwordWrong) {
            try SigningKey(fileContent: text, password: "Word")
        }
        #expect(throws: SigningError.passwordNeeded) {
            try SigningKey(fileContent: text, password: nil)
        }
        // Offsets 38 and 46 hold the passes and the memory: a file may not ask for endless work.
        for (offset, value) in [(40, UInt8(1)), (50, 1), (45, 0x80)] {
            let greedy = try Self.changed(text) { $0[offset] = value }
            #expect(throws: SigningError.secretKeyMalformed, "byte \(offset)") {
                try SigningKey(fileContent: greedy, password: "word")
            }
        }
    }

    @Test("a plain key file with any byte of its key changed is refused")
    func damagedKey() throws {
        let text = try SigningKey().fileContent(role: "root", password: nil)
        #expect(try KeyEncryption(fileContent: text) == .none)
        for offset in [0, 2, 3, 4, 54, 61, 62, 93, 94, 125, 126, 157] {
            let damaged = try Self.changed(text) { $0[offset] ^= 0x10 }
            #expect(throws: SigningError.self, "byte \(offset)") {
                try SigningKey(fileContent: damaged, password: nil)
            }
        }
    }

    @Test("a key file whose public half is another key's is refused, with a right checksum too")
    func foreignHalf() throws {
        let text = try SigningKey().fileContent(role: "root", password: nil)
        let other = SigningKey().publicKey.key.bytes
        let forged = try Self.changed(text) { payload in
            payload.replaceSubrange(94..<126, with: other)
            let message = [0x45, 0x64] + payload[54..<126]
            payload.replaceSubrange(126..<158, with: Sodium.blake2b(Array(message)))
        }
        #expect(throws: SigningError.secretKeyMalformed) {
            try SigningKey(fileContent: forged, password: nil)
        }
    }

    static func root() throws -> (Root, [SigningKey]) {
        let keys = (0..<4).map { _ in SigningKey() }
        var draft = RootDraft()
        try draft.add(keys[0].publicKey.key, named: "r", to: .root)
        try draft.add(keys[1].publicKey.key, named: "a", to: .release)
        try draft.add(keys[2].publicKey.key, named: "c", to: .channel)
        _ = try draft.finished()
        return (draft.root, keys)
    }

    @Test("a role that loses its last key is gone, but root and release cannot be")
    func lastKeys() throws {
        let (root, _) = try Self.root()
        var draft = RootDraft(following: root)
        #expect(draft.root.version == 2)
        try draft.remove("c")
        #expect(draft.root.channel == nil)
        _ = try draft.finished()
        try draft.remove("a")
        let unfinished = draft
        #expect(
            throws: RootDraftError.thresholdOutOfRange(.release, threshold: 1, keyCount: 0)
        ) { try unfinished.finished() }
        #expect(throws: RootDraftError.keyUnknown("z")) { try draft.remove("z") }
    }

    @Test("a report says of every signature what the role of its key makes of it")
    func reports() throws {
        let (root, keys) = try Self.root()
        let document = SignedDocument(kind: .root, text: root.encoded())
        let text = try SignableText(document)
        var envelope = document.envelope
        for key in keys { try envelope.attach(key.sign(text)) }
        func verdicts(_ envelope: Envelope) -> [SignatureVerdict] {
            SignatureReport.all(in: envelope, of: text, under: root).map(\.verdict)
        }
        #expect(verdicts(envelope) == [.counts, .otherRole, .otherRole, .unknownKey])
        envelope.slots[0].commentSignature[5] ^= 1
        #expect(verdicts(envelope).first == .invalid)
        var draft = RootDraft(following: root)
        try draft.revoke(keyNamed: "a")
        let after = SignatureReport.all(in: envelope, of: text, under: draft.root)
        #expect(after.map(\.verdict)[1] == .revokedKey)
        // Signing again replaces a key's signature.
        try envelope.attach(keys[0].sign(text))
        #expect(envelope.slots.count == 4 && verdicts(envelope).first == .counts)
        let first = envelope.slots[0].keyID
        let wasThere = envelope.detach(keyID: first)
        let isThere = envelope.detach(keyID: first)
        #expect(wasThere && !isThere && envelope.slots.count == 3)
    }

    @Test("an envelope has 16 places")
    func places() throws {
        let (root, _) = try Self.root()
        let document = SignedDocument(kind: .root, text: root.encoded())
        let text = try SignableText(document)
        var envelope = document.envelope
        for _ in 0..<16 { try envelope.attach(SigningKey().sign(text)) }
        #expect(throws: SigningError.signerCountOutOfRange(count: 17)) {
            try envelope.attach(SigningKey().sign(text))
        }
        #expect(try Envelope(decoding: envelope.encoded(), role: .root) == envelope)
    }

    @Test(
        "a file that is no minisign signature is refused",
        arguments: [
            "", "untrusted comment: a\n", "untrusted comment: a\nRUQ=\ntrusted comment: b\nRUQ=\n",
            "comment: a\nRUQ=\ntrusted comment: b\nRUQ=\n",
        ]
    )
    func malformedSignature(text: String) {
        #expect(throws: SigningError.signatureMalformed) { try MinisigFile(fileContent: text) }
    }
}
