import Testing

@testable import AgentProtocol
@testable import martletd

@Suite("Waiting after failures")
struct BackoffTests {
    static func backoff(min: UInt64, max: UInt64) -> Backoff {
        var limits = Configuration.Limits()
        limits.backoffMin = min
        limits.backoffMax = max
        return Backoff(limits)
    }

    @Test(
        "a wait lies between the least and the longest, whatever the random number is",
        arguments: [(1, 1), (1, 2), (10, 100), (1_000, 3_600_000), (3_600_000, 86_400_000)]
            as [(UInt64, UInt64)]
    )
    func bounds(min: UInt64, max: UInt64) {
        for random in [0, 1, .max / 2, .max] as [UInt64] {
            var backoff = Self.backoff(min: min, max: max)
            for _ in 0..<100 {
                let wait = backoff.fail(retryAfterSeconds: nil, random: random)
                #expect((min...max).contains(wait))
            }
        }
    }

    @Test("the bound doubles with every failure and begins anew after a success")
    func doubling() {
        // The largest random number that reaches the bound: bound - min.
        var backoff = Self.backoff(min: 10, max: 100)
        #expect(backoff.fail(retryAfterSeconds: nil, random: 10) == 20)
        #expect(backoff.fail(retryAfterSeconds: nil, random: 30) == 40)
        #expect(backoff.fail(retryAfterSeconds: nil, random: 70) == 80)
        #expect(backoff.fail(retryAfterSeconds: nil, random: 90) == 100)
        #expect(backoff.failureCount == 4)
        backoff.succeed()
        #expect(backoff.failureCount == 0)
        #expect(backoff.fail(retryAfterSeconds: nil, random: 10) == 20)
    }

    @Test("Retry-After lengthens a wait, but never beyond the longest")
    func retryAfter() {
        var backoff = Self.backoff(min: 1_000, max: 60_000)
        #expect(backoff.fail(retryAfterSeconds: 30, random: 0) == 30_000)
        #expect(backoff.fail(retryAfterSeconds: .max, random: 0) == 60_000)
        #expect(backoff.fail(retryAfterSeconds: 0, random: 0) == 1_000)
    }
}
