/// What a flash is doing.
public enum FlashPhase: String, Sendable, Hashable, Codable, CaseIterable {
    /// The image is compared with its block map.
    case check
    /// The start and the end of the target become zero.
    case invalidate
    /// The capacity is tried.
    case probe
    /// Data and zeros are written.
    case write
    /// Boot partitions and environments are written.
    case boot
    /// The partition table is written.
    case table
    /// The target is read back.
    case verify
    /// All is as it should be.
    case done
}

/// How far a flash is.
public struct FlashProgress: Sendable, Hashable {
    /// What it is doing.
    public let phase: FlashPhase
    /// The bytes that are done in this phase.
    public let bytes: Int64
    /// The bytes of this phase.
    public let totalBytes: Int64
    /// How much of the whole is done: never falls, and is 100 only when the phase is `done`.
    public let percent: Int
    /// How long the rest takes at the pace so far; `nil` at the start.
    public let etaSeconds: Int?
}

/// Counts the work of one flash and tells of each new percent and each new phase.
struct ProgressCount {
    private let workBytes: Int64
    private let report: @Sendable (FlashProgress) -> Void
    private let start = ContinuousClock.now
    private var doneBytes: Int64 = 0
    private var phase = FlashPhase.invalidate
    private var phaseBytes: Int64 = 0
    private var phaseTotalBytes: Int64 = 0
    private var percent = -1

    init(workBytes: Int64, report: @escaping @Sendable (FlashProgress) -> Void) {
        self.workBytes = max(workBytes, 1)
        self.report = report
    }

    /// The bytes done in the phase.
    var bytes: Int64 { phaseBytes }

    mutating func enter(_ phase: FlashPhase, totalBytes: Int64) {
        self.phase = phase
        phaseBytes = 0
        phaseTotalBytes = totalBytes
        percent = phase == .done ? 100 : currentPercent
        send()
    }

    mutating func add(_ bytes: Int64) {
        phaseBytes += bytes
        doneBytes = min(doneBytes + bytes, workBytes)
        guard currentPercent != percent else { return }
        percent = currentPercent
        send()
    }

    private var currentPercent: Int { min(99, Int(Double(doneBytes) / Double(workBytes) * 100)) }

    private func send() {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let left = Double(workBytes - doneBytes) / Double(max(doneBytes, 1))
        report(
            FlashProgress(
                phase: phase,
                bytes: phaseBytes,
                totalBytes: phaseTotalBytes,
                percent: percent,
                etaSeconds: phase == .done
                    ? 0 : doneBytes > 0 ? Int(min(seconds * left, 1e9).rounded(.up)) : nil
            )
        )
    }
}
