import Firmware
import Glibc

/// The keyboard's interrupt and `kill` as a wish to stop, so that work cleans up behind itself.
enum Interruption {
    private static let wish = Cancellation()

    /// The wish; from now on, SIGINT, SIGTERM and SIGHUP make it.
    static func cancellation() -> Cancellation {
        // Made before a signal can come: the first use of a static is not safe in a handler.
        let wish = wish
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { _ in Interruption.wish.cancel() }
        }
        // A file beyond the process's limit is an error to be told, not a death.
        signal(SIGXFSZ, SIG_IGN)
        return wish
    }
}
