import Glibc
import Terminal

/// Why the collector cannot do what it was asked to do.
enum CollectorError: Error, Sendable, Equatable {
    // The environment failed.
    /// A file or folder cannot be used; `code` is the system's error number.
    case fileFailed(path: String, code: Int32)
    /// The database failed; the codes are SQLite's.
    case storageFailed(code: Int32, message: String)
    /// The system has no source of randomness.
    case randomnessMissing
    /// The address cannot be listened on.
    case addressUnusable(address: String, reason: String)

    // Capacity is exceeded.
    /// The disk is full.
    case storageFull

    // The input is bad.
    /// A setting has a value that it cannot have.
    case settingMalformed(key: String, rule: String)
    /// The configuration file cannot be read.
    case configurationUnreadable(path: String, reason: String)
    /// A name on the command line stands for nothing.
    case unknown(kind: String, name: String)

    // It would not be safe.
    /// Another server uses the data directory.
    case directoryInUse(path: String)
    /// Others than the owner may read the key file.
    case keyExposed(path: String)
    /// The key file is not one.
    case keyMalformed(path: String)

    /// The failure as a person sees it.
    var failure: Failure {
        switch self {
        case .fileFailed(let path, let code): Self.fileFailure(path, code)
        case .storageFailed(_, let message):
            Failure(.io, "the database failed: \(message)", help: "check the disk and try again")
        case .randomnessMissing:
            Failure(
                .internalError,
                "the system has no source of randomness",
                help: "check that getrandom works"
            )
        case .addressUnusable(let address, let reason):
            Failure(
                .io,
                "cannot listen: \(reason)",
                place: address,
                help: "choose another --host or --port"
            )
        case .storageFull: Self.fullFailure(nil)
        default: refusal
        }
    }

    private var refusal: Failure {
        switch self {
        case .settingMalformed(let key, let rule):
            Failure(.usage, "a setting is not usable", place: key, help: rule)
        case .configurationUnreadable(let path, let reason):
            Failure(
                .usage,
                "the configuration cannot be read: \(reason)",
                place: path,
                help: "write one JSON object; Configuration.md names the keys"
            )
        case .unknown(let kind, let name):
            Failure(
                .usage,
                "there is no such \(kind)",
                place: name,
                help: "martlet-collector \(kind) list shows all"
            )
        case .directoryInUse(let path):
            Failure(
                .unsafe,
                "another server uses this data directory",
                place: path,
                help: "stop it first, or choose another --data"
            )
        case .keyExposed(let path):
            Failure(
                .unsafe,
                "others may read the collector's keys",
                place: path,
                help: "chmod 600 the file; make new keys if others may have read it"
            )
        case .keyMalformed(let path):
            Failure(
                .authentication,
                "the collector's key file is damaged",
                place: path,
                help: "restore it from a backup; devices trust no other keys"
            )
        default: Failure(.internalError, "unexpected: \(self)", help: "report this")
        }
    }

    private static func fileFailure(_ path: String, _ code: Int32) -> Failure {
        if code == ENOSPC || code == EDQUOT { return fullFailure(path) }
        return Failure(
            .io,
            String(cString: strerror(code)).lowercased(),
            place: path,
            help: "check the path and its permissions"
        )
    }

    private static func fullFailure(_ path: String?) -> Failure {
        Failure(.noSpace, "the disk is full", place: path, help: "free some space and try again")
    }
}
