import BundleFormat
import Packager
import Terminal

/// A signature and what it is worth, as programs and people see it.
struct SignatureLine: Encodable {
    let slot: Int
    let keyID: String
    let publicKey: String?
    let name: String?
    let role: String?
    let verdict: SignatureVerdict

    init(_ report: SignatureReport) {
        slot = report.slot
        keyID = report.keyID.hexadecimal
        publicKey = report.key?.bytes.hexadecimal
        name = report.name
        role = report.role.map { "\($0.name)" }
        verdict = report.verdict
    }

    /// The key's name, or its id where it has none.
    var label: String { name ?? keyID }

    /// Why it counts or does not, in a few words.
    private var reason: String {
        switch verdict {
        case .counts: "counts"
        case .unknownKey: "does not count: no trusted key has this id"
        case .otherRole: "does not count: the key has another role"
        case .revokedKey: "does not count: the key is revoked"
        case .invalid: "refused: this is not the key's signature"
        }
    }

    static func table(_ lines: [SignatureLine]) -> [[String]] {
        lines.map { line in
            [
                "signature \(line.slot)", line.keyID, line.name ?? "-", line.role ?? "-",
                line.reason,
            ]
        }
    }

    static func show(_ lines: [SignatureLine]) {
        if lines.isEmpty { Console.printLine("no signatures") }
        Console.printTable(table(lines))
    }
}
