import AgentProtocol
import CPlatform

/// The signals that the agent obeys, as events.
struct Signals {
    /// A socket or pipe to wait for.
    let descriptor: Int32

    /// What a signal asks for.
    enum Wish {
        case stop, report
    }

    init() throws(AgentError) {
        descriptor = platform_signals_open()
        guard descriptor >= 0 else {
            throw .system(.signals, code: -descriptor, path: Path(fixed: "signals"))
        }
    }

    /// The next wish; `nil` when no signal waits.
    func next() -> Wish? {
        switch platform_signals_next(descriptor) {
        case 0: nil
        case platform_signal_hang_up: .report
        default: .stop
        }
    }
}
