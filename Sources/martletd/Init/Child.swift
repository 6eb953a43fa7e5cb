import AgentProtocol
import CPlatform

/// How long the next start of a program waits: 1 s after it ended, twice as long with each end that
/// follows soon, at most 60 s; a run of 60 s sets it back.
struct RestartWait: Equatable {
    private static let second: Int64 = 1_000_000_000
    private static let longest = 60 * second
    private var next = second

    /// The wait after a run, in nanoseconds.
    mutating func after(run: Int64) -> Int64 {
        if run >= RestartWait.longest { next = RestartWait.second }
        let wait = next
        next = min(RestartWait.longest, 2 * next)
        return wait
    }
}

/// A program that init keeps running.
///
/// waiting(until) -> running(process) -> (it ends) waiting(later) ...
struct Child {
    enum Phase: Equatable {
        case waiting(until: Int64)
        case running(process: Int32, since: Int64)
    }

    let words: [[UInt8]]
    private(set) var phase = Phase.waiting(until: 0)
    private var restart = RestartWait()

    init(_ words: [[UInt8]]) { self.words = words }

    var process: Int32? {
        if case .running(let process, _) = phase { return process }
        return nil
    }

    /// When it should start; `nil` while it runs.
    var startTime: Int64? {
        if case .waiting(let time) = phase { return time }
        return nil
    }

    /// Starts the program when its time has come.
    mutating func startIfDue(now: Int64) {
        guard case .waiting(let time) = phase, now >= time else { return }
        do throws(AgentError) {
            phase = .running(process: try Kernel.spawn(words), since: now)
        } catch {
            Log.note(error)
            phase = .waiting(until: now + restart.after(run: 0))
        }
    }

    /// Takes the news of the program's end; `status` as `platform_reap` tells it.
    mutating func ended(status: Int32, now: Int64) {
        guard case .running(_, let since) = phase else { return }
        let wait = restart.after(run: now - since)
        phase = .waiting(until: now + wait)
        var line = TextLine()
        line.append(visible: words[0])
        line.append(status < 0 ? " died of signal " : " left with ")
        line.append(Int(status.magnitude))
        line.append(", next start after s: ")
        line.append(Int(wait / 1_000_000_000))
        Log.note(line)
    }
}
