import Glibc
import Synchronization

/// A request to stop at the next block, set once and never taken back.
///
/// A class because the one who asks and the ones who obey share it.
public final class StopRequest: Sendable {
    private let flag = Atomic(false)

    /// Makes a request that nobody has made yet.
    public init() {}

    /// Whether to stop.
    public var isMade: Bool { flag.load(ordering: .relaxed) }

    /// Asks to stop.
    public func make() { flag.store(true, ordering: .relaxed) }

    private static let ofSignals = StopRequest()

    /// The request that SIGINT and SIGTERM make from now on, instead of ending the process.
    public static func onSignals() -> StopRequest {
        let request = ofSignals
        // The handler does nothing but store to an atomic that exists already: it is safe at any
        // instant. System calls are not restarted, so that they return and the flag is seen.
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in StopRequest.ofSignals.make() }
        for signal in [SIGINT, SIGTERM] { _ = sigaction(signal, &action, nil) }
        return request
    }
}
