import AgentProtocol
import BootControl
import CPlatform

/// Runs the agent and the device's programs until somebody ends the system.
///
/// starting -> (the agent answers) serving: services start -> (the rule holds) confirmed
///     └────── 300 s without an answer, where there are slots ──> restart
///
/// Invariants: 1. an ended child is started again after a wait that grows. 2. Services wait for
/// the first answer of the agent. 3. The agent is asked once a second, until the slot is confirmed.
struct Supervisor {
    private static let second: Int64 = 1_000_000_000
    private static let servingTimeout = 300 * second
    /// A watchdog is fed at least this often.
    private static let turnMax = 10 * second

    private let system: MountedSystem
    private let signals: Int32
    private let socket: Path?
    private let watchdog: OwnedWatchdog
    /// The agent, then a DHCP client, then services.
    private var children: [Child]
    private var isServing = false
    private var isDone = false
    private var nextQuestion: Int64 = 0
    private let servingDeadline: Int64

    init(_ system: MountedSystem, network: Child?) throws(AgentError) {
        self.system = system
        signals = platform_child_signals_open()
        guard signals >= 0 else {
            throw .system(.signals, code: -signals, path: Path(fixed: "signals"))
        }
        let configuration = MountedSystem.configPath.appending("/agent.conf")
        let words = ["/proc/self/exe", "run", "--config"] as [StaticString]
        children = [Child(words.map { TextLine($0).bytes } + [configuration.text])]
        if let network { children.append(network) }
        do throws(AgentError) {
            socket = try ConfigurationFile.read(configuration).socket
        } catch {
            Log.note(error)
            socket = nil
        }
        watchdog = OwnedWatchdog()
        servingDeadline = platform_monotonic_ns() + Supervisor.servingTimeout
    }

    /// Works until a signal or a failure ends the system.
    mutating func run() -> Init.Ending {
        while true {
            let now = platform_monotonic_ns()
            for index in children.indices { children[index].startIfDue(now: now) }
            if !isDone, now >= nextQuestion {
                ask()
                if !isServing, hasSlots, now >= servingDeadline {
                    Log.note("the agent did not serve in seconds:", 300)
                    return .restart
                }
            }
            watchdog.feed()
            wait(until: nextEvent(now: now))
            if let ending = obeySignals() { return ending }
            reap()
        }
    }

    private var hasSlots: Bool { system.slot != nil && system.settings.bootControl != .none }

    private func nextEvent(now: Int64) -> Int64 {
        var next = now + Supervisor.turnMax
        for child in children { next = min(next, child.startTime ?? .max) }
        return isDone ? next : min(next, nextQuestion)
    }

    private func wait(until time: Int64) {
        var entry = platform_poll_entry(
            descriptor: signals,
            events: platform_poll_readable,
            results: 0
        )
        // Safe: one entry is passed.
        _ = unsafe platform_poll(&entry, 1, max(0, time - platform_monotonic_ns()))
    }

    /// SIGTERM, and SIGINT as Ctrl-Alt-Del sends it, restart; SIGUSR2 and SIGPWR switch off.
    private func obeySignals() -> Init.Ending? {
        while true {
            switch platform_signals_next(signals) {
            case platform_signal_terminate, platform_signal_interrupt: return .restart
            case platform_signal_user_2, platform_signal_power: return .powerOff
            case let number where number <= 0: return nil
            default: continue
            }
        }
    }

    private mutating func reap() {
        var status: Int32 = 0
        while true {
            // Safe: the status is a local variable.
            let process = unsafe platform_reap(&status)
            guard process > 0 else { return }
            let now = platform_monotonic_ns()
            for index in children.indices where children[index].process == process {
                children[index].ended(status: status, now: now)
            }
        }
    }
}

extension Supervisor {
    /// Asks the agent how it is, and does what follows from an answer.
    private mutating func ask() {
        nextQuestion = platform_monotonic_ns() + Supervisor.second
        guard let socket,
            let status = try? AgentConversation.status(
                of: socket,
                isJSON: false,
                timeoutNanoseconds: 2 * Supervisor.second
            )
        else { return }
        if !isServing {
            isServing = true
            Log.note("the agent serves")
            children += system.device.services.map { Child($0) }
        }
        guard system.settings.confirm.holds(status) else { return }
        isDone = true
        guard hasSlots else { return }
        do throws(AgentError) {
            let isChanged = try SlotStore(system.settings).confirm()
            Log.note(isChanged ? "slot confirmed" : "slot was confirmed")
        } catch {
            Log.note(error)
        }
    }

    /// Ends the children, the last started first, each with time to end in order.
    mutating func stop() {
        Log.note("stopping")
        for index in children.indices.reversed() {
            guard let process = children[index].process else { continue }
            _ = platform_signal(-process, platform_signal_terminate)
            if !awaitEnd(of: index, seconds: 15) {
                _ = platform_signal(-process, platform_signal_kill)
                _ = awaitEnd(of: index, seconds: 5)
            }
        }
        // What they left behind.
        _ = platform_signal(-1, platform_signal_kill)
        reap()
    }

    private mutating func awaitEnd(of index: Int, seconds: Int64) -> Bool {
        let deadline = platform_monotonic_ns() + seconds * Supervisor.second
        while children[index].process != nil {
            let now = platform_monotonic_ns()
            guard now < deadline else { return false }
            watchdog.feed()
            wait(until: min(deadline, now + Supervisor.second))
            while platform_signals_next(signals) > 0 {}
            reap()
        }
        return true
    }
}

/// The hardware that restarts a hung system; without one, nothing.
private struct OwnedWatchdog {
    private let descriptor: Int32

    /// Opening arms it, for the time that its driver has by default, mostly 30 to 60 s.
    init() {
        // Safe: the path ends with NUL.
        descriptor = unsafe platform_open(
            platform_working_directory,
            Path(fixed: "/dev/watchdog").bytes,
            platform_open_write,
            0
        )
    }

    func feed() {
        guard descriptor >= 0 else { return }
        let byte: [UInt8] = [0]
        // Safe: the pointer and the count are the array's.
        _ = unsafe platform_write(descriptor, byte, 1)
    }
}
