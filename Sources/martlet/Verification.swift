import BundleFormat
import Foundation
import Packager
import Terminal

/// What `martlet verify` says of a file that it accepts.
struct VerificationResult: Encodable {
    let accepted = true
    /// `bundle`, `root` or `channel`.
    let kind: String
    /// Of a bundle and a channel.
    let name: String?
    /// Of a bundle the version for people, of a document its number.
    let version: String
    /// Of a bundle alone.
    let counter: UInt64?
    let contentID: String?
    let notAfter: UInt64
    /// Key ids of those whose signatures count.
    let signers: [String]
    let threshold: Int
    let signatures: [SignatureLine]

    func show(path: String) {
        let title = [kind == "bundle" ? nil : kind, name, version].compactMap { $0 }
        let end = counter.map { ", counter \($0)" } ?? ""
        Console.printLine("\(path): ok, \(title.joined(separator: " "))\(end)")
        if let contentID { Console.printLine("content id \(contentID)") }
        if notAfter > 0 { Console.printLine("valid until \(DocumentTime.text(notAfter))") }
        Console.printLine("\(signers.count) signature(s) count, \(threshold) needed")
        SignatureLine.show(signatures)
    }
}

/// A file that is verified, and by what.
struct Verification {
    let bytes: [UInt8]
    let path: String
    let anchor: TrustAnchor

    /// What each signature is worth; empty when the file is too damaged to say.
    var signatureLines: [SignatureLine] {
        guard let signable = try? SignableFile(bytes, path: path) else { return [] }
        return lines(of: signable)
    }

    private func lines(of signable: SignableFile) -> [SignatureLine] {
        var reports = anchor.reports(on: signable.envelope, of: signable.text)
        // A successor of the trusted root may bear signatures of keys that are new in it.
        if signable.kind == .root, let next = try? Root(decoding: signable.text.text) {
            let own = SignatureReport.all(in: signable.envelope, of: signable.text, under: next)
            reports = zip(reports, own).map { $0.verdict == .unknownKey ? $1 : $0 }
        }
        return reports.map(SignatureLine.init)
    }

    /// Checks the file.
    ///
    /// - Throws: `Failure` with the class of fault as its status.
    func result() throws -> VerificationResult {
        switch SignedDocument.claimedKind(of: bytes) {
        case .root?: try rootResult()
        case .channel?: try channelResult()
        case nil: try bundleResult()
        }
    }

    private func bundleResult() throws -> VerificationResult {
        guard HostBundle.isBundle(bytes) else {
            _ = try SignableFile(bytes, path: path)
            throw Failure(.authentication, "this is not a bundle", place: path)
        }
        let host = try HostBundle(bytes: bytes, path: path, anchor: anchor)
        try anchor.checkFresh(place: path)
        let manifest = host.verified.manifest
        guard manifest.notAfter == 0 || HostClock.now <= manifest.notAfter else {
            let error = TrustError.expired(notAfter: manifest.notAfter, time: HostClock.now)
            throw Failure(trust: error, place: path)
        }
        return VerificationResult(
            kind: "bundle",
            name: String(decoding: manifest.name, as: UTF8.self),
            version: String(decoding: manifest.version, as: UTF8.self),
            counter: manifest.counter,
            contentID: manifest.contentID.hexadecimal,
            notAfter: manifest.notAfter,
            signers: host.verified.signers.map { SignatureSlot.keyID(of: $0).hexadecimal },
            threshold: try anchor.trustedKeys().threshold,
            signatures: signatureLines
        )
    }

    /// The root that is trusted; a `Failure` when plain keys are.
    private func trustedRoot() throws -> TrustedRoot {
        guard case .root(let trusted) = anchor else {
            throw Failure(
                .usage,
                "a trust document is believed under a root, not under plain keys",
                place: path,
                help: "pass the trusted root document as --trust"
            )
        }
        return trusted
    }

    private func rootResult() throws -> VerificationResult {
        let trusted = try trustedRoot()
        let verified: TrustedRoot
        do {
            let itself = try SignedDocument(decoding: bytes, kind: .root)
            verified =
                itself.envelope.textHash == trusted.textHash
                ? try TrustedRoot(provisioned: bytes) : try trusted.advanced(by: bytes)
            try verified.checkFresh(at: HostClock.now)
        } catch {
            throw Failure(trust: error, place: path)
        }
        return VerificationResult(
            kind: "root",
            name: nil,
            version: String(verified.root.version),
            counter: nil,
            contentID: nil,
            notAfter: verified.root.notAfter,
            signers: verified.signers.map { SignatureSlot.keyID(of: $0).hexadecimal },
            threshold: verified.root.root.threshold,
            signatures: signatureLines
        )
    }

    private func channelResult() throws -> VerificationResult {
        let trusted = try trustedRoot()
        let verified: VerifiedChannel
        do {
            verified = try trusted.channel(bytes)
            let channel = verified.channel
            let state = RootChain(from: trusted, state: TrustState()).state
            _ = try state.judge(
                verified,
                under: trusted,
                name: channel.name,
                target: channel.target,
                clock: HostClock.now
            )
        } catch {
            throw Failure(trust: error, place: path)
        }
        return VerificationResult(
            kind: "channel",
            name: String(decoding: verified.channel.name, as: UTF8.self),
            version: String(verified.channel.version),
            counter: nil,
            contentID: nil,
            notAfter: verified.channel.notAfter,
            signers: verified.signers.map { SignatureSlot.keyID(of: $0).hexadecimal },
            threshold: trusted.root.channel?.threshold ?? 0,
            signatures: signatureLines
        )
    }

    /// Writes the signed text and a signature that counts for stock minisign.
    func export(to path: String) throws {
        let signable = try SignableFile(bytes, path: self.path)
        let counting = lines(of: signable).first { $0.verdict == .counts }
        guard let counting, let key = counting.publicKey.flatMap({ [UInt8](hexadecimal: $0) }),
            let publicKey = PublicKey(key)
        else { return }
        var exported = ReleasePublicKey(publicKey)
        if case .keys(let keys) = anchor, let named = keys.first(where: { $0.key == publicKey }) {
            exported = named
        }
        try OutputFile.write(signable.text.text, to: path)
        let slot = signable.envelope.slots[counting.slot]
        let signature = exported.minisign(slot, of: signable.text)
        try OutputFile.write([UInt8](signature.utf8), to: path + ".minisig")
    }
}
