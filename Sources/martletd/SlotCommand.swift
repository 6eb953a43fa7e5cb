import AgentProtocol
import BootControl
import CPlatform

/// `martletd slot status|try|confirm`: what the boot loader is told of the two slots.
struct SlotCommand {
    private enum Verb {
        case status, trial(Slot), confirm
    }

    private let verb: Verb
    private var isJSON = false
    private var restarts = false
    private var rule: SystemSettings.ConfirmRule?
    private var timeoutSeconds: UInt64 = 120
    private var systemPath = Path(fixed: "/etc/system.conf")
    private var agentPath = Path(fixed: "/etc/martlet/agent.conf")

    init(_ arguments: inout ArgumentReader) throws(AgentError) {
        if arguments.take("status") {
            verb = .status
        } else if arguments.take("try") {
            let name = try arguments.value(of: "try")
            guard name.count == 1, let slot = Slot(rawValue: name[0]) else {
                throw .usage("a slot is A or B", argument: name)
            }
            verb = .trial(slot)
        } else if arguments.take("confirm") {
            verb = .confirm
        } else {
            throw .usage("status, try or confirm is missing", argument: arguments.word() ?? [])
        }
        while try takeOption(&arguments) {}
        try arguments.finish()
    }

    private mutating func takeOption(_ arguments: inout ArgumentReader) throws(AgentError) -> Bool {
        if arguments.take("--system-conf") {
            systemPath = try arguments.path(of: "--system-conf")
        } else if case .status = verb, arguments.take("--json") {
            isJSON = true
        } else if case .trial = verb, arguments.take("--restart") {
            restarts = true
        } else if case .confirm = verb {
            return try takeConfirmOption(&arguments)
        } else {
            return false
        }
        return true
    }

    private mutating func takeConfirmOption(
        _ arguments: inout ArgumentReader
    ) throws(AgentError) -> Bool {
        if arguments.take("--when") {
            let word = try arguments.value(of: "--when")
            if ConfigurationLines.is(word, "serving") {
                rule = .serving
            } else if ConfigurationLines.is(word, "reported") {
                rule = .reported
            } else {
                throw .usage("--when is serving or reported", argument: word)
            }
        } else if arguments.take("--config") {
            agentPath = try arguments.path(of: "--config")
        } else if arguments.take("--timeout-s") {
            let word = try arguments.value(of: "--timeout-s")
            guard let seconds = Decimal.read(word[...]), seconds <= 86_400 else {
                throw .usage("--timeout-s is a number up to 86400", argument: word)
            }
            timeoutSeconds = seconds
        } else {
            return false
        }
        return true
    }

    func run() throws(AgentError) -> ExitStatus {
        let store = try SlotStore(SystemFile.read(systemPath))
        switch verb {
        case .status: return try show(store)
        case .trial(let slot): try prepare(slot, store)
        case .confirm:
            if let rule { try wait(for: rule) }
            Log.note(try store.confirm() ? "slot confirmed" : "slot was confirmed")
        }
        return .success
    }

    private func show(_ store: SlotStore) throws(AgentError) -> ExitStatus {
        let text = SlotCommand.status(
            try store.read(),
            running: store.running,
            tries: store.tries,
            isJSON: isJSON
        )
        // Safe: the pointer and the count are the array's.
        return unsafe platform_print(text, text.count) >= 0 ? .success : .inputOutput
    }

    /// What `status` prints.
    static func status(
        _ choice: LoaderChoice,
        running: Slot,
        tries: UInt8,
        isJSON: Bool
    ) -> [UInt8] {
        var status = AgentStatus(isJSON: isJSON)
        status.field("running", text: [running.rawValue])
        if case .tryboot(let text) = choice {
            status.field("first", text: [text.confirmed.rawValue])
            status.field("confirmed", text.confirmed == running)
        } else {
            let variables = choice.variables ?? BootVariables(tries: tries)
            if let first = variables.order.first { status.field("first", text: [first.rawValue]) }
            status.field("left-a", UInt64(variables.left(of: .a, tries: tries)))
            status.field("left-b", UInt64(variables.left(of: .b, tries: tries)))
            status.field("tries", UInt64(tries))
            status.field("damaged", choice.variables == nil)
            status.field("confirmed", SlotChoice.isConfirmed(running, variables, tries: tries))
            status.field("fell-back", SlotChoice.fellBack(running: running, variables))
        }
        return status.finish()
    }

    /// Where init, and where systemd, look for what to tell the firmware at a restart.
    private func prepare(_ slot: Slot, _ store: SlotStore) throws(AgentError) {
        if try store.prepareTrial(of: slot) {
            let systemd = Path(fixed: "/run/systemd/reboot-param")
            let isSystemd = Names.exists(Path(fixed: "/run/systemd/system"))
            let path = isSystemd ? systemd : Path(fixed: "/run/martlet.restart")
            try Kernel.writeFile(path, TextLine("0 tryboot").bytes)
        }
        Log.note("the next start tries slot", Int(slot.rawValue) - 0x40)
        guard restarts else { return }
        // Like Ctrl-Alt-Del, which init and systemd take for an orderly restart.
        _ = platform_signal(1, platform_signal_interrupt)
    }

    /// Waits until the agent fulfils the rule.
    private func wait(for rule: SystemSettings.ConfirmRule) throws(AgentError) {
        let socket = try ConfigurationFile.read(agentPath).socket
        let second: Int64 = 1_000_000_000
        let deadline = platform_monotonic_ns() + Int64(timeoutSeconds) * second
        while true {
            let status = try? AgentConversation.status(
                of: socket,
                isJSON: false,
                timeoutNanoseconds: 10 * second
            )
            if let status, rule.holds(status) { return }
            guard platform_monotonic_ns() < deadline else { throw .notConfirmed }
            platform_sleep(second)
        }
    }
}

/// The files of `/etc` that say what this system is.
enum SystemFile {
    static func read(_ path: Path) throws(AgentError) -> SystemSettings {
        let text = try OwnedFile(path, how: platform_open_read)
            .contents(sizeMax: SystemSettings.sizeMax)
        do throws(ConfigurationFault) {
            return try SystemSettings.parse(text)
        } catch {
            throw .configuration(error.what, line: error.line, path: path)
        }
    }

    static func readDevice(_ path: Path) throws(AgentError) -> DeviceSettings {
        let text = try OwnedFile(path, how: platform_open_read)
            .contents(sizeMax: DeviceSettings.sizeMax)
        do throws(ConfigurationFault) {
            return try DeviceSettings.parse(text)
        } catch {
            throw .configuration(error.what, line: error.line, path: path)
        }
    }
}

extension SystemSettings.ConfirmRule {
    /// Whether a running agent that says this of itself fulfils the rule.
    func holds(_ status: [UInt8]) -> Bool {
        guard self == .reported else { return true }
        let key = TextLine("acknowledged-age-ms ").bytes
        return status.split(separator: 0x0A).contains { line in
            line.starts(with: key) && line.dropFirst(key.count).first != 0x2D
        }
    }
}
