import BundleFormat
import Foundation
import Packager
import Terminal

/// What a command believes: plain release keys, or a root document.
enum TrustAnchor {
    case keys([ReleasePublicKey])
    case root(TrustedRoot)

    /// Reads the files that a person names: public keys, or one root document, by their bytes.
    ///
    /// - Throws: `Failure` when one cannot be read or they do not go together.
    init(paths: [String]) throws {
        var keys: [ReleasePublicKey] = []
        for path in paths {
            let bytes = try InputFile.read(path, limitBytes: TrustAnchor.sizeMax)
            if SignedDocument.claimedKind(of: bytes) != nil {
                guard paths.count == 1 else {
                    throw Failure(
                        .usage,
                        "a root document is trusted alone, not beside keys or another one",
                        place: path,
                        help: "'martlet root verify' walks from one root to the next"
                    )
                }
                self = .root(try TrustAnchor.root(bytes, path: path))
                return
            }
            do {
                keys.append(
                    try ReleasePublicKey(fileContent: String(decoding: bytes, as: UTF8.self))
                )
            } catch {
                throw Failure(
                    .authentication,
                    "this is not a public key",
                    place: path,
                    help:
                        "give a root, or the .pub file of 'martlet key generate' or minisign"
                )
            }
        }
        self = .keys(keys)
    }

    /// The largest file that can be named: a root document.
    private static let sizeMax = Envelope.sizeBytes + RootLimits.textSizeMax

    /// The root that a person vouches for.
    static func root(_ bytes: [UInt8], path: String) throws -> TrustedRoot {
        do {
            return try TrustedRoot(provisioned: bytes)
        } catch {
            throw Failure(trust: error, place: path)
        }
    }

    /// What the verifier of bundles believes.
    func trustedKeys() throws -> TrustedKeys {
        let trusted: TrustedKeys? =
            switch self {
            case .keys(let keys): TrustedKeys(releaseKeys: keys.map(\.key))
            case .root(let root): root.trustedKeys
            }
        guard let trusted else {
            throw Failure(.usage, "more than 16 keys, or one key twice, is trusted")
        }
        return trusted
    }

    /// Whether something new may be accepted now; running what is there needs no such question.
    func checkFresh(place: String) throws {
        guard case .root(let root) = self else { return }
        do {
            try root.checkFresh(at: HostClock.now)
        } catch {
            throw Failure(trust: error, place: place)
        }
    }

    /// What a bundle's signatures are worth, one after the other.
    func reports(on envelope: Envelope, of text: SignableText) -> [SignatureReport] {
        switch self {
        case .keys(let keys):
            SignatureReport.all(in: envelope, of: text, by: keys.map(\.key))
        case .root(let root): SignatureReport.all(in: envelope, of: text, under: root.root)
        }
    }
}

/// The clock of the machine that a command runs on.
enum HostClock {
    /// Unix seconds.
    static var now: UInt64 { UInt64(max(0, Date().timeIntervalSince1970)) }
}
