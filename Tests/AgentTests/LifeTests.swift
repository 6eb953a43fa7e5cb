import Foundation
import Glibc
import Telemetry
import Testing

@testable import AgentProtocol

@Suite("The agent's life")
struct LifeTests {
    static let input = [UInt8](repeating: 0, count: DigitsBundle.inputSize)

    @Test("a second agent on a state directory is refused while the first goes on")
    func secondAgent() throws {
        let stand = try Stand()
        let first = try stand.start()
        stand.keys["socket"] = stand.path("s2")
        let second = try stand.spawnAgent()
        #expect(second.wait() == .exit(3))
        #expect(second.errors.hasPrefix("error: another agent runs on this state directory"))
        let check = try stand.spawn(["state", "check", "--state", stand.path("state")])
        #expect(check.wait() == .exit(3))
        #expect(try stand.client().infer(Self.input).count == DigitsBundle.outputSize)
        #expect(first.endingNow == nil)
    }

    @Test("a socket's name that another agent answers at is refused")
    func socketInUse() throws {
        let stand = try Stand()
        let first = try stand.start()
        stand.keys["state"] = stand.path("state2")
        let second = try stand.spawnAgent()
        #expect(second.wait() == .exit(3))
        #expect(second.errors.contains("error: the socket's name is in use"))
        #expect(try stand.client().infer(Self.input).count == DigitsBundle.outputSize)
        #expect(first.endingNow == nil)
    }

    @Test("SIGTERM answers what is under way, reports and ends in order", arguments: [15, 2])
    func drain(signal: Int32) throws {
        let stand = try Stand()
        let agent = try stand.start()
        let idle = try stand.client()
        let client = try stand.client()
        _ = try idle.infer(Self.input)
        let request = AgentClient.request(1, Self.input)
        try client.send([UInt8](request.prefix(40)))
        // The agent has read the first half when it has answered a later request of another.
        _ = try idle.status()
        agent.signal(signal)
        #expect(eventually { !FileManager.default.fileExists(atPath: stand.path("s")) })
        #expect(idle.isClosedByAgent())
        try client.send([UInt8](request.dropFirst(40)))
        #expect(try client.answer().status == .ok)
        #expect(agent.wait() == .exit(0), "\(agent.errors)")
        let report = try #require(try stand.reports().last)
        #expect(!report.isComplete)
        #expect(report.outcomes.succeeded == 2)
        #expect(report.life.previousStop == .orderly)
    }

    @Test("an agent that is told to stop waits for a stuck client no longer than it is told")
    func drainDeadline() throws {
        let stand = try Stand(["drain-timeout-ms": "200", "request-timeout-ms": "3600000"])
        let agent = try stand.start()
        let client = try stand.client()
        try client.send([UInt8](AgentClient.request(1, Self.input).prefix(40)))
        _ = try stand.status()
        let begin = ContinuousClock.now
        agent.signal(SIGTERM)
        #expect(agent.wait() == .exit(0))
        #expect(ContinuousClock.now - begin >= .milliseconds(200))
        #expect(client.isClosedByAgent())
        #expect(try stand.reports().last?.isComplete == false)
    }

    @Test("after kill -9 the epoch goes up, the end is unknown and the spool is kept")
    func killed() throws {
        let stand = try Stand()
        let first = try stand.start()
        _ = try stand.client().infer(Self.input)
        first.signal(SIGHUP)
        let isSeen = try eventually { try stand.status()["spool-reports"] == 1 }
        #expect(isSeen)
        #expect(try stand.status()["boot-epoch"] == 1)
        first.signal(SIGKILL)
        #expect(first.wait() == .signal(SIGKILL))
        let second = try stand.start()
        let status = try stand.status()
        #expect(status["boot-epoch"] == 2)
        #expect(status["previous-stop"] == Int(StopReason.unknown.rawValue))
        #expect(status["spool-reports"] == 1)
        second.signal(SIGTERM)
        #expect(second.wait() == .exit(0))
        let reports = try stand.reports()
        #expect(reports.map(\.outcomes.succeeded) == [1, 0])
        #expect(reports.map(\.life.starts) == [1, 2])
        #expect(reports.map(\.life.previousStop) == [.orderly, .unknown])
        let third = try stand.start()
        #expect(try stand.status()["previous-stop"] == Int(StopReason.orderly.rawValue))
        #expect(third.endingNow == nil)
    }

    @Test(
        "a crash is told by the next run, with its signal, until a report of it is durable",
        arguments: [SIGSEGV, SIGILL, SIGABRT]
    )
    func crash(signal: Int32) throws {
        let stand = try Stand()
        let first = try stand.start()
        first.signal(signal)
        #expect(first.wait() == .signal(signal))
        // A run that leaves no report forgets nothing.
        let second = try stand.start()
        #expect(try stand.status()["previous-stop"] == Int(StopReason.crash.rawValue))
        second.signal(SIGKILL)
        #expect(second.wait() == .signal(SIGKILL))
        let third = try stand.start()
        let status = try stand.status()
        #expect(status["previous-stop"] == Int(StopReason.crash.rawValue))
        #expect(status["crash-signal"] == Int(signal))
        third.signal(SIGTERM)
        #expect(third.wait() == .exit(0))
        #expect(third.errors.contains("an earlier run crashed by signal \(signal)"))
        let report = try #require(try stand.reports().last)
        #expect(report.life.previousStop == .crash)
        #expect(report.life.crashSignal == UInt64(signal))
        let fourth = try stand.start()
        #expect(try stand.status()["previous-stop"] == Int(StopReason.orderly.rawValue))
        #expect(fourth.endingNow == nil)
    }

    @Test(
        "on a full disk the agent says so and leaves nothing half-written",
        arguments: [4, 8, 12, 16, 100, 280, 300]
    )
    func fullDisk(kibibytes: Int) throws {
        let stand = try Stand()
        let state = stand.path("state")
        try FileManager.default.createDirectory(
            atPath: state,
            withIntermediateDirectories: true
        )
        // A file system of its own, which ends with the program: its files are listed at the end.
        let script = """
            mount -t tmpfs -o size=\(kibibytes)k tmpfs \(state) || exit 99
            "$@"; code=$?; find \(state) -type f -printf '%f %s\\n'; exit $code
            """
        let agent = try stand.spawnAgent(under: ["unshare", "-m", "/bin/sh", "-c", script, "sh"])
        let ending = agent.wait()
        // Where nothing may be mounted there is nothing to see.
        if ending == .exit(99) || agent.errors.hasPrefix("unshare:") { return }
        #expect(ending == .exit(8), "\(agent.errors)")
        #expect(agent.errors.contains("no space left, error 28"))
        let names = agent.output.split(separator: "\n").map { line in
            String(line.prefix { $0 != " " })
        }
        #expect(Stand.halfWritten(names).isEmpty, "\(names)")
        #expect(!names.contains { $0.hasSuffix(".img") })
        let whole: Set = ["lock", "device.key", "crash", "record", "spool"]
        #expect(whole.isSuperset(of: names))
        for line in agent.output.split(separator: "\n") where line.hasPrefix("record ") {
            #expect(line == "record 8192")
        }
    }

    @Test("a state directory that cannot be made is told")
    func noDirectory() throws {
        let stand = try Stand(["state": "/proc/martlet/state"])
        let agent = try stand.spawnAgent()
        #expect(agent.wait() == .exit(7))
        #expect(agent.errors.hasPrefix("error: cannot make the directory: there is no such file"))
    }

    @Test("a device's key that others can read is refused, a damaged one too")
    func deviceKey() throws {
        let stand = try Stand()
        let first = try stand.start()
        first.signal(SIGTERM)
        #expect(first.wait() == .exit(0))
        let key = stand.path("state/device.key")
        chmod(key, 0o640)
        let second = try stand.spawnAgent()
        #expect(second.wait() == .exit(3))
        #expect(second.errors.hasPrefix("error: the device's key file can be read by others"))
        chmod(key, 0o600)
        var bytes = try stand.read("state/device.key")
        bytes[20] ^= 1
        try FileHandle(forWritingTo: URL(filePath: key)).write(contentsOf: bytes)
        let third = try stand.spawnAgent()
        #expect(third.wait() == .exit(4))
        let check = try stand.spawn(["state", "check", "--state", stand.path("state")])
        #expect(check.wait() == .exit(4))
    }

    @Test("a record of which no copy is whole is noticed, and the epoch still goes on")
    func damagedRecord() throws {
        let stand = try Stand()
        let first = try stand.start()
        first.signal(SIGTERM)
        #expect(first.wait() == .exit(0))
        try stand.write("state/record", [UInt8](repeating: 0xA5, count: 8_192))
        let check = try stand.spawn(["state", "check", "--state", stand.path("state")])
        #expect(check.wait() == .exit(4))
        #expect(check.errors.hasPrefix("error: no copy of the state record is whole"))
        let second = try stand.start()
        let status = try stand.status()
        #expect(status["boot-epoch"] == 2)
        #expect(status["previous-stop"] == Int(StopReason.unknown.rawValue))
        second.signal(SIGTERM)
        #expect(second.wait() == .exit(0))
        let again = try stand.spawn(["state", "check", "--state", stand.path("state")])
        #expect(again.wait() == .exit(0))
        #expect(again.output.contains("ended-in-order true\n"))
    }

    @Test("a new interval begins with every report")
    func intervals() throws {
        let stand = try Stand(["report-interval-ms": "30"])
        let agent = try stand.start()
        let client = try stand.client()
        let isSeen = try eventually {
            _ = try client.infer(Self.input)
            return try client.status()["spool-reports"] >= 4
        }
        #expect(isSeen)
        let asked = try client.status()["inferences"]
        agent.signal(SIGTERM)
        #expect(agent.wait() == .exit(0))
        let reports = try stand.reports()
        #expect(reports.dropLast().allSatisfy { report in report.isComplete })
        #expect(reports.reduce(0) { $0 + Int($1.outcomes.succeeded) } == asked)
        for (earlier, later) in zip(reports, reports.dropFirst()) {
            #expect(earlier.endMilliseconds == later.startMilliseconds)
        }
    }
}
