import AgentProtocol
import BundleFormat
import CPlatform
import Telemetry

/// What the device is and remembers: its lock, identity, record, crash file and spool.
///
/// A class, because it owns files and both the command and the agent end a run through it.
final class DeviceState {
    let directory: StateDirectory
    let identity: IdentityKeyPair
    private var recordFile: StateRecordFile
    private let crashFile: CrashFile
    private(set) var spool: ReportSpool
    /// The run, and how the one before ended.
    private(set) var life = Report.Life()
    /// A closed report that is not in the spool yet, because the medium failed.
    private var pending: [UInt8]?
    private var sequence: UInt64 = 0
    private var mustClearCrash: Bool
    private let startMilliseconds = Clock.milliseconds

    /// Opens or makes the state, and begins a boot in it, durably.
    init(beginning configuration: Configuration) throws(AgentError) {
        let directory = try StateDirectory(taking: configuration.state)
        identity = try DeviceKeyFile.open(directory)
        let crashFile = try CrashFile(directory)
        var recordFile = try StateRecordFile(directory)
        let storage = try SpoolFile(directory, newSizeBytes: configuration.limits.spoolBytes)
        spool = try ReportSpool.open(storage, path: directory.spool)
        if recordFile.damagedCount > 0 {
            Log.note("damaged copies of the state record:", recordFile.damagedCount)
        }
        // A record that cannot be read cannot tell of an orderly end.
        let isUnreadable = recordFile.record.revision == 0 && recordFile.damagedCount > 0
        life.previousStop = recordFile.record.isRunning || isUnreadable ? .unknown : .orderly
        if let crash = crashFile.previous {
            life.previousStop = .crash
            life.crashSignal = crash.signal
            life.crashProgramCounter = crash.programCounter
            Log.note("an earlier run crashed by signal", Int(crash.signal))
        }
        mustClearCrash = crashFile.previous != nil
        var record = recordFile.record
        let nonce = RecordBytes(bytes: Sodium.randomBytes(count: 8)).number(0, size: 8)
        record.beginBoot(after: spool.newest.epoch, nonce: nonce)
        try recordFile.write(record)
        try crashFile.arm(epoch: record.epoch)
        life.starts = record.epoch
        self.directory = directory
        self.recordFile = recordFile
        self.crashFile = crashFile
    }

    var record: StateRecord { recordFile.record }

    /// Remembers which image runs.
    func activate(_ contentID: [UInt8]) throws(AgentError) {
        guard record.contentID != contentID else { return }
        var next = record
        next.contentID = contentID
        try recordFile.write(next)
    }

    /// Remembers whether a collector knows the device.
    func enrol(_ keyID: [UInt8], isEnrolled: Bool) throws(AgentError) {
        var next = record
        next.collectorKeyID = keyID
        next.isEnrolled = isEnrolled
        try recordFile.write(next)
    }

    /// Remembers that the run ended in order.
    func end() throws(AgentError) {
        var next = record
        next.isRunning = false
        try recordFile.write(next)
    }

    /// Whether the collector with this key id knows the device.
    func isEnrolled(at keyID: [UInt8]) -> Bool {
        record.isEnrolled && record.collectorKeyID == keyID
    }

    /// The run until now.
    func lifeNow() -> Report.Life {
        var now = life
        var usage = platform_usage()
        // Safe: the structure is a local variable.
        if unsafe platform_usage_now(&usage) >= 0 {
            now.residentKibibytes = UInt64(max(0, usage.resident_bytes)) / 1_024
        }
        now.uptimeMilliseconds = Clock.milliseconds - startMilliseconds
        now.spoolDropped = spool.droppedCount
        now.spoolLost = spool.lostCount
        return now
    }

    /// Whether a report waits for the medium, so that the next one must not be closed.
    var hasPending: Bool { pending != nil }

    /// Makes a report durable; when the medium fails it is kept and tried again.
    func append(_ report: Report) {
        pending = report.encoded()
        flush()
    }

    /// Tries again to write a report that waits.
    func flush() {
        guard let body = pending else { return }
        let position = FramePosition(epoch: record.epoch, sequence: sequence + 1)
        do throws(SpoolError) {
            try spool.append(body, at: position)
        } catch {
            return say(error)
        }
        pending = nil
        sequence += 1
        guard mustClearCrash else { return }
        do throws(AgentError) {
            try crashFile.clear()
            mustClearCrash = false
        } catch {
            error.line.printError()
        }
    }

    /// The oldest waiting frames of one boot; `nil` when there are none.
    func oldestBatch(limitBytes: UInt64) -> SpoolBatch? {
        spool.oldestBatch(limitBytes: Int(limitBytes))
    }

    /// Frees acknowledged frames.
    func free(through position: FramePosition) {
        do throws(SpoolError) {
            try spool.free(through: position)
        } catch {
            say(error)
        }
    }

    private func say(_ error: SpoolError) {
        AgentError.spool(error, directory.spool).line.printError()
    }
}
