import ArgumentParser
import BundleFormat
import Foundation
import Packager
import Terminal

/// Checks every byte of a bundle or a trust document.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the signatures and every byte of a bundle, a root or a channel.",
        discussion: """
            Names each signature, its key and role, and why it counts or not. Exits with 0 when \
            the file may be used, 4 when it was changed, expired or signed by too few who are \
            trusted, 9 when it is for another runtime, 7 when it cannot be read. A root is \
            verified as the successor of the root that is trusted, or as that root itself.
            """
    )

    @Argument(help: "The bundle, root or channel.")
    var file: String

    @OptionGroup var trust: TrustOptions

    @Option(
        help: "Write the signed text and its signature for 'minisign -V' as PATH and PATH.minisig."
    )
    var exportMinisig: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    mutating func run() throws {
        let bytes = try InputFile.read(file, limitBytes: HostBundle.sizeMax)
        let anchor = try trust.anchor()
        let verification = Verification(bytes: bytes, path: file, anchor: anchor)
        let result: VerificationResult
        do {
            result = try verification.result()
        } catch let failure as Failure {
            let lines = verification.signatureLines
            if json {
                try Console.printJSON(RefusedFile(problem: failure.what, signatures: lines))
            }
            throw json ? failure : failure.listing(lines)
        }
        if let exportMinisig { try verification.export(to: exportMinisig) }
        if json { return try Console.printJSON(result) }
        result.show(path: file)
    }

    private struct RefusedFile: Encodable {
        let accepted = false
        let problem: String
        let signatures: [SignatureLine]
    }
}

extension Failure {
    /// The same failure with the signatures below it.
    fileprivate func listing(_ lines: [SignatureLine]) -> Failure {
        let head = what + (place.map { " (\($0))" } ?? "")
        let rows = SignatureLine.table(lines).map { "\n  " + $0.joined(separator: "  ") }
        return Failure(status, head + rows.joined(), help: help)
    }
}

extension [UInt8] {
    /// Lower-case hexadecimal digits.
    var hexadecimal: String { map { String(format: "%02x", $0) }.joined() }
}
