import BundleFormat
import Packager
import Terminal

extension Failure {
    init(trust error: TrustError, place: String?) {
        self.init(.authentication, Failure.text(of: error), place: place, help: error.help)
    }

    private static func text(of error: TrustError) -> String {
        switch error {
        case .sizeOutOfRange(let size, let limit):
            "a file of \(size) bytes is no such document, which has 4097 to \(limit)"
        case .envelopeMalformed(let offset): "this is not an EIB/1 envelope (byte \(offset))"
        case .sizeMismatch(let expected, let actual):
            "the file has \(actual) bytes where its envelope says \(expected)"
        case .hashMismatch: "the text is not the one that the envelope names"
        case .wrongType(let kind): "this is not a document of the type \(kind.typeLine)"
        case .textMalformed(0): "the text is not in its one form"
        case .textMalformed(let line): "line \(line) of the text breaks its form"
        case .untrusted(let role, let version, let valid, let threshold):
            "root \(version) asks for \(threshold) of its \(role.name) keys, and \(valid) signed"
        case .signatureInvalid(let slot):
            "signature \(slot) claims a known key but is not that key's"
        case .roleAbsent(let role): "the root gives the role \(role.name) to no key"
        case .tooManySteps(let limit): "more than \(limit) roots are walked"
        default: judgement(error)
        }
    }

    private static func judgement(_ error: TrustError) -> String {
        switch error {
        case .rootVersionMismatch(let expected, let actual):
            "this is root \(actual) where root \(expected) must stand"
        case .expired(let notAfter, let time):
            "it expired \(DocumentTime.text(notAfter)), and it is \(DocumentTime.text(time))"
        case .channelRolledBack(let version, let accepted):
            "channel version \(version) is older than the accepted version \(accepted)"
        case .channelEquivocates(let version):
            "channel version \(version) was accepted before and said something else"
        case .otherChannel: "the channel is for another product or target"
        case .belowFloor(let counter, let floor):
            "the bundle's counter \(counter) is below the floor \(floor)"
        case .contentRevoked: "the root revokes the bundle's content"
        case .notListed: "the channel lists no bundle of this name"
        case .listedDifferently(let counter, let listed):
            "the channel lists another bundle: counter \(listed), and this has \(counter)"
        case .stateFull(let limit): "no more than \(limit) names are remembered"
        default: "\(error)"
        }
    }

    init(draft error: RootDraftError) {
        switch error {
        case .nameInvalid(let name):
            self.init(
                .usage,
                "'\(name)' is no name of a key",
                help: "names hold a-z, 0-9, '.', '_' and '-'; give NAME=FILE"
            )
        case .nameRepeated(let name):
            self.init(.usage, "two keys have the name '\(name)'", help: "give NAME=FILE")
        case .keyRepeated(let name):
            self.init(
                .unsafe,
                "the key '\(name)' already has a role; no key may have two",
                help: "make a key of its own for each role"
            )
        case .keyRevoked(let name):
            self.init(.unsafe, "the key '\(name)' is revoked and may not come back")
        case .keyUnknown(let name): self.init(.usage, "no key of the root is called '\(name)'")
        case .thresholdOutOfRange(let role, let threshold, let count):
            self.init(
                .usage,
                "\(threshold) signatures of \(count) \(role.name) key(s) cannot be had",
                help: "set --\(role.name)-threshold or add a --\(role.name)-key"
            )
        case .tooMany(let limit): self.init(.usage, "a root holds at most \(limit) of these")
        case .textInvalid(let line):
            self.init(.usage, "line \(line) of the root would break its form")
        }
    }
}

extension TrustError {
    /// What a person can do about it.
    fileprivate var help: String? {
        switch self {
        case .untrusted: "'martlet verify' and 'martlet root show' name each signature"
        case .expired: "a newer document is needed; what is installed goes on running"
        case .rootVersionMismatch:
            "give every root between the trusted one and the newest, in order"
        default: nil
        }
    }
}
