import Synchronization

/// A wish to stop, which long work looks at between its steps.
///
/// A class, because the one who asks (a signal handler) and the one who works share it.
public final class Cancellation: Sendable {
    private let isAsked = Atomic<Bool>(false)

    /// Makes a wish that nobody has made yet.
    public init() {}

    /// Asks the work to stop; safe in a signal handler.
    public func cancel() { isAsked.store(true, ordering: .relaxed) }

    /// Whether somebody asked.
    public var isCancelled: Bool { isAsked.load(ordering: .relaxed) }

    func check() throws(ImageError) {
        guard !isCancelled else { throw .cancelled }
    }
}
