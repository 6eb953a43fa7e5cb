/// What a process tells its caller (README, "Exit codes").
package enum ExitStatus: Int32 {
    case success = 0
    case internalError = 1
    case usage = 2
    case unsafe = 3
    case authentication = 4
    case unsupported = 5
    case gate = 6
    case io = 7
    case noSpace = 8
    case wrongTarget = 9
}

/// A failure as a person sees it: what is wrong, where, what to do, and the exit status.
package struct Failure: Error {
    package let status: ExitStatus
    /// One sentence without a full stop.
    package let what: String
    /// The file, option, node or address at fault.
    package let place: String?
    /// What the person can do about it.
    package let help: String?

    /// Makes a failure from its parts.
    package init(
        _ status: ExitStatus,
        _ what: String,
        place: String? = nil,
        help: String? = nil
    ) {
        self.status = status
        self.what = what
        self.place = place
        self.help = help
    }

    /// The lines for standard error.
    package var message: String {
        let head = "error: \(what)" + (place.map { " (\($0))" } ?? "")
        guard let help else { return head }
        return head + "\nhelp: " + help
    }
}
