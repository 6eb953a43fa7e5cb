import CPlatform
import Testing

@Suite("Clocks, randomness, arguments")
struct ProcessTests {
    @Test("the monotonic clock does not go back and sleeping takes at least its time")
    func monotonicClock() {
        let before = platform_monotonic_ns()
        platform_sleep(2_000_000)
        #expect(platform_monotonic_ns() - before >= 2_000_000)
    }

    @Test("the wall clock is past 2025 and fits 64 bits on every device")
    func wallClock() {
        #expect(platform_wall_ns() > 1_735_689_600_000_000_000)
    }

    @Test("the arguments are those of the process, and NULL outside of their count")
    func arguments() throws {
        let expected = CommandLine.arguments
        #expect(platform_argument_count() == Int32(expected.count))
        for (index, argument) in expected.enumerated() {
            let found = try #require(platform_argument(Int32(index)))
            #expect(String(cString: found) == argument)
        }
        #expect(platform_argument(-1) == nil)
        #expect(platform_argument(platform_argument_count()) == nil)
    }

    @Test("an environment variable is found, a missing one is NULL")
    func environment() throws {
        let path = try #require(platform_environment("PATH"))
        #expect(path[0] != 0)
        #expect(platform_environment("MARTLET_NO_SUCH_VARIABLE") == nil)
    }

    @Test("random fills the whole buffer, also past the kernel's 256-byte step")
    func random() {
        var bytes = [UInt8](repeating: 0, count: 4096)
        #expect(platform_random(&bytes, bytes.count) == 0)
        // 64 zero bytes in a row come once in 2^500 fills.
        #expect(!bytes.suffix(64).allSatisfy { $0 == 0 })
        #expect(!bytes.prefix(64).allSatisfy { $0 == 0 })
    }

    @Test("memory and processor use are reported")
    func usage() {
        var usage = platform_usage()
        #expect(platform_usage_now(&usage) == 0)
        #expect(usage.resident_bytes > 0)
        #expect(usage.resident_peak_bytes > 0)
        #expect(usage.user_ns + usage.system_ns > 0)
    }
}
