import ArgumentParser
import BundleFormat
import Foundation
import Packager
import Terminal

/// Adds and removes signatures.
struct SignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Add or remove signatures of a bundle, a root or a channel.",
        discussion: """
            Only the 4096 bytes of the envelope change; the file is replaced whole or not at all. \
            A key that lies in a hardware module signs in two rounds of raw Ed25519:

              martlet sign FILE --emit-digest d1
              (sign the 64 bytes of d1 with the module: s1)
              martlet sign FILE --emit-digest d2 --first-signature s1 --public-key KEY.pub
              (sign d2: s2)
              martlet sign FILE --attach-signature s1 --attach-signature s2 --public-key KEY.pub

            A .minisig file with the trusted comment that d2 ends in takes one round.
            """
    )

    @Argument(help: "The bundle, root or channel.")
    var file: String

    @Option(name: .customLong("key"), help: "A secret key that signs; may be repeated.")
    var keys: [String] = []

    @Option(help: "A key id (16 digits) or public key file whose signature goes; may be repeated.")
    var remove: [String] = []

    @Option(help: "Write the result here instead of replacing the file.")
    var output: String?

    @Option(help: "Write the bytes that are to be signed here.")
    var emitDigest: String?

    @Option(help: "The first signature, so that --emit-digest writes what the second one covers.")
    var firstSignature: String?

    @Option(help: "A file with a signature, raw or .minisig; give both raw ones in their order.")
    var attachSignature: [String] = []

    @Option(help: "The public key of a signature that was made elsewhere.")
    var publicKey: String?

    @OptionGroup var password: PasswordOptions

    func validate() throws {
        let isAttaching = !attachSignature.isEmpty
        let isSigning = !keys.isEmpty || !remove.isEmpty
        guard [isSigning, isAttaching, emitDigest != nil].count(where: { $0 }) == 1 else {
            throw ValidationError(
                "give --key and --remove, or --emit-digest, or --attach-signature"
            )
        }
        guard (publicKey != nil) == (isAttaching || firstSignature != nil) else {
            throw ValidationError(
                "--public-key goes with --attach-signature and --first-signature, and they with it"
            )
        }
        guard firstSignature == nil || emitDigest != nil else {
            throw ValidationError("--first-signature goes with --emit-digest")
        }
    }

    mutating func run() throws {
        var signable = try SignableFile(path: file)
        if let emitDigest { return try emit(signable, to: emitDigest) }
        var signers: [PublicKey] = []
        for name in remove { try detach(name, from: &signable) }
        if !keys.isEmpty {
            let secrets = try password.signingKeys(paths: keys)
            try signable.sign(with: secrets)
            signers = secrets.map(\.publicKey.key)
        }
        if let publicKey {
            let key = try Self.publicKey(publicKey)
            try signable.attach(slot(for: signable.text, by: key))
            signers = [key]
        }
        try signable.write(to: output, signedBy: signers)
        for slot in signable.envelope.slots {
            Console.printLine("signature \(slot.keyID.hexadecimal) \(slot.role.name)")
        }
    }

    private func emit(_ signable: SignableFile, to path: String) throws {
        var message = signable.text.digest
        if let firstSignature, let publicKey {
            let signature = try InputFile.read(firstSignature, limitBytes: 64)
            guard try Self.publicKey(publicKey).isValid(signature: signature, of: message) else {
                throw Failure(
                    .authentication,
                    "this is not that key's signature of the digest",
                    place: firstSignature
                )
            }
            message = signable.text.commentMessage(after: signature)
        }
        try OutputFile.write(message, to: path)
        Console.printLine(path)
    }

    /// The slot of signatures that were made elsewhere, which are checked here.
    private func slot(for text: SignableText, by key: PublicKey) throws -> SignatureSlot {
        var parts: [[UInt8]] = []
        for path in attachSignature {
            let bytes = try InputFile.read(path, limitBytes: 4_096)
            if bytes.count == PublicKey.signatureSizeBytes {
                parts.append(bytes)
                continue
            }
            do {
                let minisig = try MinisigFile(fileContent: String(decoding: bytes, as: UTF8.self))
                parts += [minisig.signature, minisig.commentSignature]
            } catch {
                throw Failure(signing: error, place: path)
            }
        }
        guard parts.count == 2 else {
            throw Failure(
                .usage,
                "\(parts.count) of 2 signatures are given",
                help: "the second one covers what --emit-digest --first-signature writes"
            )
        }
        let slot = text.slot(signature: parts[0], commentSignature: parts[1], by: key)
        guard let slot else {
            let comment = String(decoding: text.trustedComment, as: UTF8.self)
            throw Failure(
                .authentication,
                "a signature is not that key's signature of this text",
                place: attachSignature.joined(separator: ", "),
                help: "a .minisig must bear the trusted comment '\(comment)'"
            )
        }
        return slot
    }

    private func detach(_ name: String, from signable: inout SignableFile) throws {
        var keyID = signable.envelope.slots.map(\.keyID).first {
            $0.hexadecimal == name.lowercased()
        }
        if keyID == nil, FileManager.default.fileExists(atPath: name) {
            keyID = SignatureSlot.keyID(of: try Self.publicKey(name))
        }
        guard let keyID, signable.envelope.detach(keyID: keyID) else {
            throw Failure(.usage, "there is no signature of this key", place: name)
        }
    }

    static func publicKey(_ path: String) throws -> PublicKey {
        let text = String(decoding: try InputFile.read(path, limitBytes: 4_096), as: UTF8.self)
        do {
            return try ReleasePublicKey(fileContent: text).key
        } catch {
            throw Failure(signing: error, place: path)
        }
    }
}
