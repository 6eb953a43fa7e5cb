/// What the process tells its caller (README, "Exit codes").
enum ExitStatus: Int32 {
    case success = 0
    case internalError = 1
    case usage = 2
    case unsafe = 3
    case authentication = 4
    case io = 7
    case noSpace = 8
}

/// A failure as a person sees it: what is wrong, where, what to do, and the exit status.
struct Failure: Error {
    let status: ExitStatus
    /// One sentence without a full stop.
    let what: String
    /// The file, option or address at fault.
    let place: String?
    /// What the person can do about it.
    let help: String

    init(_ status: ExitStatus, _ what: String, place: String? = nil, help: String) {
        self.status = status
        self.what = what
        self.place = place
        self.help = help
    }

    /// The lines for standard error.
    var message: String {
        "error: \(what)" + (place.map { " (\($0))" } ?? "") + "\nhelp: " + help
    }

    /// The failure that an error of this module stands for; `nil` for the parser's own errors.
    init?(describing error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as CollectorError: self = error.failure
        default: return nil
        }
    }
}
