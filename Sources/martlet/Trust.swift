import ArgumentParser
import BundleFormat
import Foundation
import InferenceRuntime
import Packager
import Terminal

/// The keys whose signatures a command believes.
struct TrustOptions: ParsableArguments {
    @Option(
        name: .customLong("trust"),
        help: ArgumentHelp(
            "A public key whose signature is believed (may be repeated), or one root document.",
            discussion: "Without it, the files named in MARTLET_TRUST, separated by colons.",
            valueName: "key.pub|root"
        )
    )
    var paths: [String] = []

    /// Reads the keys or the root.
    ///
    /// - Throws: `Failure` when there are none or one cannot be read.
    func anchor() throws -> TrustAnchor {
        let environment = ProcessInfo.processInfo.environment["MARTLET_TRUST"] ?? ""
        let named = paths.isEmpty ? environment.split(separator: ":").map(String.init) : paths
        guard !named.isEmpty else {
            throw Failure(
                .authentication,
                "no key is trusted, so no bundle can be believed",
                help: "pass --trust KEY.pub or a root document, or set MARTLET_TRUST"
            )
        }
        return try TrustAnchor(paths: named)
    }

    /// Reads plain keys, where a root has no place: an agent's configuration names keys.
    ///
    /// - Throws: `Failure` when there are none, one cannot be read, or a root is named.
    func keys() throws -> [ReleasePublicKey] {
        guard case .keys(let keys) = try anchor() else {
            throw Failure(
                .usage,
                "the agent's configuration takes release keys, not a root document",
                help: "give the .pub files of the root's release keys"
            )
        }
        return keys
    }
}

/// A bundle that was read and verified on the host.
struct HostBundle {
    let verified: VerifiedBundle
    let image: [UInt8]
    let bytes: [UInt8]

    /// The largest bundle that the host reads.
    static let sizeMax = 2_000_000_000

    /// Reads a bundle and checks every byte of it.
    ///
    /// - Throws: `Failure` with the class of fault as its status.
    init(path: String, trust: TrustOptions) throws {
        try self.init(
            bytes: InputFile.read(path, limitBytes: HostBundle.sizeMax),
            path: path,
            anchor: trust.anchor()
        )
    }

    init(bytes: [UInt8], path: String, trust: TrustOptions) throws {
        try self.init(bytes: bytes, path: path, anchor: trust.anchor())
    }

    init(bytes: [UInt8], path: String, anchor: TrustAnchor) throws {
        var sink = MemoryImageSink()
        verified = try Self.verify(
            bytes,
            path: path,
            trusted: anchor.trustedKeys(),
            into: &sink
        )
        image = sink.bytes
        self.bytes = bytes
    }

    /// Checks every byte of a bundle for any architecture.
    ///
    /// - Throws: `Failure` with the class of fault as its status.
    static func verify(
        _ bytes: [UInt8],
        path: String,
        trusted: TrustedKeys,
        into sink: inout some ImageSink
    ) throws -> VerifiedBundle {
        var bundle = UnverifiedBundle(MemoryBundleSource(bytes))
        do {
            return try Verifier.verify(
                &bundle,
                trusted: trusted,
                accepted: AcceptedTarget(architecture: nil, runtimeAbi: RuntimeAbi.version),
                sink: &sink
            )
        } catch {
            throw Failure(bundle: error, place: path)
        }
    }

    /// Whether a file begins like a bundle.
    static func isBundle(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [UInt8]("eib/envelope".utf8))
    }
}
