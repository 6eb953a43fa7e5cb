import AgentProtocol
import BundleFormat
import CPlatform
import Telemetry

/// The running agent: one thread, one loop, nothing in it that waits for anybody but `poll`.
///
/// serving -> (SIGTERM) draining: pending requests -> last report -> one attempt to send -> end
struct Agent: ~Copyable {
    let configuration: Configuration
    let state: DeviceState
    private let signals: Signals
    var engine: InferenceEngine
    var recorder: Recorder
    var server: Server
    var uplink: Uplink?
    /// The last acknowledged frame, and when the word came; for `status`.
    var lastAcknowledged: (position: FramePosition, milliseconds: UInt64)?
    private var nextReport: Int64
    private var drainDeadline: Int64?
    /// Signals, listener, uplink, then one for each place.
    private var entries: [platform_poll_entry]
    private static let firstPlace = 3

    init(
        _ configuration: Configuration,
        state: DeviceState,
        engine: consuming InferenceEngine,
        signals: Signals
    ) throws(AgentError) {
        var uplink: Uplink?
        if let settings = configuration.collector {
            let limits = configuration.limits
            uplink = try Uplink(settings, limits: limits, device: state.identity)
        }
        let answerSize = max(
            engine.outputSizeBytes,
            Description.sizeBytes(of: engine.program),
            AgentStatus.sizeMax
        )
        server = try Server(
            configuration,
            payloadSize: engine.inputSizeBytes,
            answerSize: answerSize
        )
        recorder = Recorder(
            engine.program,
            contentID: engine.image.manifest.contentID,
            startMilliseconds: Clock.milliseconds
        )
        entries = [platform_poll_entry](
            repeating: platform_poll_entry(descriptor: -1, events: 0, results: 0),
            count: Agent.firstPlace + Int(configuration.limits.clientCountMax)
        )
        nextReport =
            platform_monotonic_ns()
            + Int64(configuration.limits.reportInterval) * 1_000_000
        self.engine = engine
        self.configuration = configuration
        self.state = state
        self.signals = signals
        self.uplink = uplink
    }

    /// Serves until a signal ends it, in order.
    mutating func serve() throws(AgentError) {
        Log.note("serving", id: engine.image.manifest.contentID)
        while drainDeadline == nil { try turn() }
        Log.note("stopping")
        server.stopAccepting()
        while try drainsOn() { try turn() }
        server.closeAll()
        report(isComplete: false)
        try sendLast()
    }

    /// Waits for something to happen and sees to it.
    private mutating func turn() throws(AgentError) {
        try wait()
        let now = platform_monotonic_ns()
        if entries[0].results != 0 { obeySignals(now: now) }
        if entries[2].results != 0 { advanceUplink(now: now) }
        for index in server.places.indices
        where entries[Agent.firstPlace + index].results != 0 {
            advanceClient(index)
        }
        // After the clients: one that left has made room for one that comes.
        if entries[1].results != 0 { recorder.recordRefused(server.accept(now: now)) }
        for _ in 0..<server.closeExpired(now: now) { recorder.recordBadRequest() }
        if now >= nextReport { report(isComplete: true) }
        pumpUplink(now: now)
    }

    private mutating func wait() throws(AgentError) {
        let now = platform_monotonic_ns()
        entries[0] = Agent.entry(signals.descriptor, platform_poll_readable)
        entries[1] = Agent.entry(server.listener, platform_poll_readable)
        entries[2] = Agent.entry(uplink?.descriptor ?? -1, uplink?.events ?? 0)
        for (index, place) in server.places.enumerated() {
            entries[Agent.firstPlace + index] = Agent.entry(place)
        }
        var deadline = min(nextReport, server.deadline, drainDeadline ?? .max)
        deadline = min(deadline, uplink?.deadline(hasWork: hasUplinkWork) ?? .max)
        // Safe: the array has the count that is passed.
        let result = unsafe platform_poll(&entries, entries.count, max(0, deadline - now))
        guard result >= 0 else {
            throw .system(.poll, code: -result, path: configuration.socket)
        }
    }

    private static func entry(_ descriptor: Int32, _ events: Int16) -> platform_poll_entry {
        platform_poll_entry(descriptor: descriptor, events: events, results: 0)
    }

    private static func entry(_ place: Connection) -> platform_poll_entry {
        entry(
            place.descriptor,
            place.isAnswering ? platform_poll_writable : platform_poll_readable
        )
    }

    private mutating func obeySignals(now: Int64) {
        while let wish = signals.next() {
            switch wish {
            case .report: nextReport = now
            case .stop:
                let timeout = Int64(configuration.limits.drainTimeout) * 1_000_000
                drainDeadline = drainDeadline ?? now + timeout
            }
        }
    }

    /// Whether requests are still under way and may take more time.
    private mutating func drainsOn() throws(AgentError) -> Bool {
        // One look without waiting, for requests that came before the signal.
        for (index, place) in server.places.enumerated() {
            entries[Agent.firstPlace + index] = Agent.entry(place)
        }
        entries[1].descriptor = -1
        // Safe: the array has the count that is passed.
        _ = unsafe platform_poll(&entries, entries.count, 0)
        let seen = entries
        let busy = server.closeIdle { seen[Agent.firstPlace + $0].results != 0 }
        return busy > 0 && platform_monotonic_ns() < drainDeadline ?? 0
    }

    /// Closes the interval and makes its report durable; or tries again with the one before.
    private mutating func report(isComplete: Bool) {
        state.flush()
        if !state.hasPending {
            state.append(recorder.close(isComplete: isComplete, life: state.lifeNow()))
        }
        nextReport =
            platform_monotonic_ns()
            + Int64(configuration.limits.reportInterval) * 1_000_000
    }

    /// One bounded attempt to send what waits, after the last report.
    private mutating func sendLast() throws(AgentError) {
        guard uplink != nil else { return }
        let failures = uplink?.failureCount ?? 0
        let timeout = Int64(configuration.limits.drainTimeout) * 1_000_000
        let deadline = platform_monotonic_ns() + timeout
        uplink?.wakeNow()
        nextReport = .max
        drainDeadline = deadline
        while hasUplinkWork, uplink?.failureCount == failures,
            platform_monotonic_ns() < deadline
        {
            pumpUplink(now: platform_monotonic_ns())
            guard uplink?.isBusy == true else { break }
            try wait()
            while signals.next() != nil {}
            if entries[2].results != 0 { advanceUplink(now: platform_monotonic_ns()) }
        }
    }
}
