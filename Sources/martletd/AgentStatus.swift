import AgentProtocol
import BundleFormat
import Telemetry

/// What `martletd status` shows, as lines `key value` or as one JSON object.
struct AgentStatus {
    /// More than the longest status, with room for the fields of later versions.
    static let sizeMax = 4_096

    private let isJSON: Bool
    private var line = TextLine()

    init(isJSON: Bool) {
        self.isJSON = isJSON
        if isJSON { line.append("{") }
    }

    @inline(never)
    mutating func field(_ key: StaticString, _ value: UInt64) {
        begin(key)
        line.append(value)
        end()
    }

    /// A number, or nothing.
    @inline(never)
    mutating func field(_ key: StaticString, optional value: UInt64?) {
        if let value { return field(key, value) }
        begin(key)
        line.append(isJSON ? "null" : "-")
        end()
    }

    @inline(never)
    mutating func field(_ key: StaticString, _ value: Bool) {
        begin(key)
        line.append(value ? "true" : "false")
        end()
    }

    @inline(never)
    mutating func field(_ key: StaticString, id: [UInt8]) {
        begin(key)
        if isJSON { line.append("\"") }
        line.append(hexadecimal: id)
        if isJSON { line.append("\"") }
        end()
    }

    @inline(never)
    mutating func field(_ key: StaticString, text: [UInt8]) {
        begin(key)
        if isJSON { line.append("\"") }
        line.append(visible: text)
        if isJSON { line.append("\"") }
        end()
    }

    /// The whole text.
    consuming func finish() -> [UInt8] {
        if isJSON { line.append("}\n") }
        return line.bytes
    }

    @inline(never)
    private mutating func begin(_ key: StaticString) {
        if isJSON {
            if line.bytes.count > 1 { line.append(",") }
            line.append("\"")
            line.append(key)
            line.append("\":")
        } else {
            line.append(key)
            line.append(" ")
        }
    }

    @inline(never)
    private mutating func end() {
        if !isJSON { line.append("\n") }
    }
}

extension Agent {
    /// The agent's account of itself.
    func status(isJSON: Bool) -> [UInt8] {
        var status = AgentStatus(isJSON: isJSON)
        let manifest = engine.image.manifest
        status.field("agent-version", text: TextLine(Martletd.version).bytes)
        status.field("bundle-name", text: manifest.name)
        status.field("bundle-version", text: manifest.version)
        status.field("content-id", id: manifest.contentID)
        status.field("device-id", id: CollectorPeer.deviceID(of: state.identity))
        status.field("boot-epoch", state.record.epoch)
        addCounters(to: &status)
        addSpool(to: &status)
        let life = state.lifeNow()
        status.field("previous-stop", life.previousStop.rawValue)
        status.field("crash-signal", life.crashSignal)
        status.field("uptime-ms", life.uptimeMilliseconds)
        status.field("resident-kib", life.residentKibibytes)
        status.field("image-bytes", UInt64(engine.image.sizeBytes))
        status.field("arena-bytes", UInt64(engine.arenaSizeBytes))
        return status.finish()
    }

    private func addCounters(to status: inout AgentStatus) {
        status.field("clients", UInt64(server.openCount))
        status.field("inferences", recorder.totals.succeeded)
        status.field("bad-inputs", recorder.totals.badInput)
        status.field("bad-requests", recorder.totals.badRequest)
        status.field("refused-connections", recorder.totals.refused)
        status.field("latency-p50-us", optional: recorder.latency(permille: 500))
        status.field("latency-p99-us", optional: recorder.latency(permille: 990))
    }

    private func addSpool(to status: inout AgentStatus) {
        status.field("spool-reports", state.spool.liveCount)
        status.field("spool-capacity-bytes", state.spool.capacityBytes)
        status.field("spool-dropped", state.spool.droppedCount)
        status.field("spool-lost", state.spool.lostCount)
        status.field("acknowledged-epoch", state.spool.acknowledged.epoch)
        status.field("acknowledged-sequence", state.spool.acknowledged.sequence)
        let age = lastAcknowledged.map { Clock.milliseconds - $0.milliseconds }
        status.field("acknowledged-age-ms", optional: age)
        let isEnrolled = uplink.map { state.isEnrolled(at: $0.peer.keyID) } ?? false
        status.field("enrolled", isEnrolled)
        status.field("uplink-failures", uplink?.failureCount ?? 0)
    }
}
