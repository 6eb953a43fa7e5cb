import Foundation
import Glibc

/// A program that a test starts, signals and waits for; it never outlives the test.
final class ChildProcess {
    enum Ending: Equatable {
        case exit(Int32)
        case signal(Int32)
    }

    let identifier: pid_t
    private let log: URL
    private var ending: Ending?

    /// Starts a program with nothing to read; what it prints goes to files beside `log`.
    init(_ arguments: [String], log: URL) throws {
        self.log = log
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let how = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log.path() + ".out", how, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, log.path() + ".err", how, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The test runner's signals are its own.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
        )
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { words.forEach { free($0) } }
        words.append(nil)
        var child: pid_t = 0
        let code = posix_spawnp(&child, arguments[0], &actions, &attributes, words, environ)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL) }
        identifier = child
    }

    deinit {
        signal(SIGKILL)
        _ = wait(seconds: 10)
    }

    var output: String { text(".out") }
    var errors: String { text(".err") }

    private func text(_ suffix: String) -> String {
        let bytes = try? Data(contentsOf: URL(filePath: log.path() + suffix))
        return String(decoding: bytes ?? Data(), as: UTF8.self)
    }

    func signal(_ number: Int32) {
        if ending == nil { kill(identifier, number) }
    }

    /// How the program ended; `nil` when it still runs.
    var endingNow: Ending? {
        var status: Int32 = 0
        if ending == nil, waitpid(identifier, &status, WNOHANG) == identifier {
            let signal = status & 0x7F
            ending = signal == 0 ? .exit((status >> 8) & 0xFF) : .signal(signal)
        }
        return ending
    }

    /// Waits for the end, at most so long.
    func wait(seconds: Double = 20) -> Ending? {
        _ = eventually(seconds: seconds) { endingNow != nil }
        return ending
    }
}

/// Waits until a condition holds; whether it did in time.
func eventually(seconds: Double = 20, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    repeat {
        if try condition() { return true }
        usleep(4_000)
    } while ContinuousClock.now < end
    return false
}
