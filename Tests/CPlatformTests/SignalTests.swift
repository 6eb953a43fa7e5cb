import CPlatform
import Foundation
import Testing

/// Each case runs in a child process: handlers and signal masks belong to the whole process.
@Suite("Signals and the crash record")
struct SignalTests {
    /// The wait status of a fork of this process in which `body` ran.
    ///
    /// It may call only the platform's functions.
    private func inChild(_ body: () -> Int32) -> Int32 {
        let child = fork()
        if child == 0 { platform_exit(body()) }
        var status: Int32 = -1
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        return status
    }

    private func field<T: FixedWidthInteger>(_ bytes: [UInt8], _ offset: Int, as: T.Type) -> T {
        bytes.withUnsafeBytes { T(littleEndian: $0.load(fromByteOffset: offset, as: T.self)) }
    }

    @Test("the asked signals become readable numbers in order of their value, then 0")
    func queue() {
        let status = inChild {
            let signals = platform_signals_open()
            if signals < 0 { return 1 }
            if platform_signals_next(signals) != 0 { return 2 }
            for signal in [SIGTERM, SIGHUP] { raise(signal) }
            var entry = platform_poll_entry(
                descriptor: signals,
                events: platform_poll_readable,
                results: 0
            )
            if platform_poll(&entry, 1, -1) != 1 { return 3 }
            if platform_signals_next(signals) != platform_signal_hang_up { return 4 }
            if platform_signals_next(signals) != platform_signal_terminate { return 5 }
            return platform_signals_next(signals)
        }
        #expect(status == 0)
    }

    @Test(
        "every fatal signal writes one record and kills with that signal",
        arguments: [
            SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT,
        ]
    )
    func crashRecord(signal: Int32) throws {
        let directory = try TemporaryDirectory()
        let file = try directory.make("crash")
        defer { _ = platform_close(file) }
        let before = platform_monotonic_ns()
        let status = inChild {
            if platform_crash_install(file, 77) != 0 { return 1 }
            raise(signal)
            return 2
        }
        #expect(status & 0x7f == signal)
        var record = [UInt8](repeating: 0, count: 100)
        #expect(platform_read_at(file, &record, 100, 0) == Int64(platform_crash_record_size))
        #expect(record.prefix(8) == [0x4d, 0x4c, 0x54, 0x58, 1, 0, 0, 0])
        #expect(field(record, 8, as: Int32.self) == signal)
        #expect(field(record, 16, as: UInt64.self) != 0)
        #expect(field(record, 32, as: Int64.self) >= before)
        #expect(field(record, 40, as: UInt64.self) == 77)
        let hash = record.prefix(60).reduce(UInt32(2_166_136_261)) {
            ($0 ^ UInt32($1)) &* 16_777_619
        }
        #expect(field(record, 60, as: UInt32.self) == hash)
    }

    @Test("the fault address of a bad access is in the record")
    func faultAddress() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.make("crash")
        defer { _ = platform_close(file) }
        let mapping = platform_map_file(file, 0, 4096)  // an empty file: any read is a SIGBUS
        let base = try #require(mapping.base)
        defer { platform_unmap(mapping) }
        let status = inChild {
            if platform_crash_install(file, 1) != 0 { return 1 }
            return Int32(base.load(fromByteOffset: 100, as: UInt8.self)) + 2
        }
        #expect(status & 0x7f == SIGBUS)
        var record = [UInt8](repeating: 0, count: 64)
        #expect(platform_read_at(file, &record, 64, 0) == 64)
        #expect(field(record, 24, as: UInt64.self) == UInt64(UInt(bitPattern: base)) + 100)
        let pc = field(record, 16, as: UInt64.self)
        #expect(field(record, 48, as: UInt64.self) <= pc)
    }

    @Test("a stack overflow is recorded too, on the handler's own stack")
    func stackOverflow() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.make("crash")
        defer { _ = platform_close(file) }
        func descend(_ depth: Int) -> Int {
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
                buffer.storeBytes(of: depth, as: Int.self)
                return descend(depth + 1) + buffer.load(as: Int.self)
            }
        }
        let status = inChild {
            if platform_crash_install(file, 1) != 0 { return 1 }
            return descend(0) == 0 ? 2 : 3
        }
        #expect(status & 0x7f == SIGSEGV)
        var record = [UInt8](repeating: 0, count: 64)
        #expect(platform_read_at(file, &record, 64, 0) == 64)
    }
}
