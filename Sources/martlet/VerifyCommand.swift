import ArgumentParser
import BundleFormat
import Foundation
import Packager
import Terminal

/// Checks every byte of a bundle.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a bundle's signature and every byte of it.",
        discussion: """
            Exits with 0 when the bundle may be used, 4 when it was changed or signed by nobody \
            who is trusted, 9 when it is for another runtime, 7 when it cannot be read.
            """
    )

    @Argument(help: "The bundle.")
    var bundle: String

    @OptionGroup var trust: TrustOptions

    @Option(
        help: "Write the manifest and its signature for 'minisign -V' as PATH and PATH.minisig."
    )
    var exportMinisig: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    private struct Result: Encodable {
        let name: String
        let version: String
        let counter: UInt64
        let contentID: String
        let signers: [String]
    }

    mutating func run() throws {
        let host = try HostBundle(path: bundle, trust: trust)
        let manifest = host.verified.manifest
        let result = Result(
            name: String(decoding: manifest.name, as: UTF8.self),
            version: String(decoding: manifest.version, as: UTF8.self),
            counter: manifest.counter,
            contentID: manifest.contentID.hexadecimal,
            signers: host.verified.signers.map { SignatureSlot.keyID(of: $0).hexadecimal }
        )
        if let exportMinisig { try export(host, to: exportMinisig) }
        if json {
            try Console.printJSON(result)
        } else {
            Console.printLine(
                "\(bundle): ok, \(result.name) \(result.version), counter \(result.counter)"
            )
            Console.printLine("content id \(result.contentID)")
            Console.printLine("signed by \(result.signers.joined(separator: ", "))")
        }
    }

    private func export(_ host: HostBundle, to path: String) throws {
        for key in try trust.keys() {
            let id = SignatureSlot.keyID(of: key.key)
            guard let slot = host.verified.slots.first(where: { $0.keyID == id }) else { continue }
            let manifest = host.verified.manifest
            try OutputFile.write(manifest.encoded(), to: path)
            let signature = key.minisign(slot, of: manifest)
            try OutputFile.write([UInt8](signature.utf8), to: path + ".minisig")
            return
        }
    }
}

extension [UInt8] {
    /// Lower-case hexadecimal digits.
    var hexadecimal: String { map { String(format: "%02x", $0) }.joined() }
}
