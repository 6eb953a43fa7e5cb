import Telemetry
import Testing

@testable import martlet_collector

@Suite("Forked histories")
struct ForkTests {
    /// Sends batches one after the other and gives the codes of those that were refused.
    private func codes(_ test: TestCollector, _ batches: [[UInt8]]) async throws -> [String?] {
        try await test.serve { client in
            var codes: [String?] = []
            for batch in batches { codes.append(try await client.send(batch).code) }
            return codes
        }
    }

    @Test("another report under a stored position is a fork, and its batch stores nothing")
    func report() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let clone = SimulatedDevice(collector: test.keys.identity, identity: device.identity)
        let other = SimulatedDevice.report { $0.outcomes.succeeded = 11 }
        let batches = [
            device.batch([device.frame(1)]),
            clone.batch([clone.frame(1, report: other), clone.frame(2)]),
        ]
        #expect(try await codes(test, batches) == [nil, "batch-forked"])
        #expect(try test.stored() == [[1, 1]])
        #expect(try test.number("SELECT count(*) FROM devices WHERE fork_reason = 'report'") == 1)
    }

    @Test("another boot with the same number is a fork")
    func boot() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let first = device.batch([device.frame(1)])
        device.nonce = 78
        let second = device.batch([device.frame(2)])
        #expect(try await codes(test, [first, second]) == [nil, "batch-forked"])
        #expect(try test.stored() == [[1, 1]])
        #expect(try test.number("SELECT forked_at > 0 FROM devices") == 1)
    }

    @Test("a device that no longer knows its boot's nonce is believed")
    func forgottenNonce() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        device.nonce = 0
        let first = device.batch([device.frame(1)])
        device.nonce = 77
        let second = device.batch([device.frame(2)])
        device.nonce = 0
        let third = device.batch([device.frame(3)])
        device.nonce = 78
        let fourth = device.batch([device.frame(4)])
        let codes = try await codes(test, [first, second, third, fourth])
        #expect(codes == [nil, nil, nil, "batch-forked"])
        #expect(try test.stored().count == 3)
    }

    @Test("a frame that does not name the hash of the stored one before it is a fork")
    func chain() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let first = device.batch([device.frame(1)])
        var frame = device.frame(2)
        frame.previousHash = [UInt8](repeating: 9, count: 16)
        #expect(try await codes(test, [first, device.batch([frame])]) == [nil, "batch-forked"])
        #expect(try test.stored() == [[1, 1]])
    }

    @Test("a chain that breaks inside a batch is a fork")
    func chainInside() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        var frames = (1...3).map { device.frame($0) }
        frames[2].previousHash[0] ^= 1
        #expect(try await codes(test, [device.batch(frames)]) == ["batch-forked"])
        #expect(try test.stored().isEmpty)
    }

    @Test("a gap in the numbers is no fork, and is shown as missing")
    func gap() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let first = device.batch([device.frame(1)])
        device.skipNumber()
        device.skipNumber()
        let second = device.batch([device.frame(4)])
        #expect(try await codes(test, [first, second]) == [nil, nil])
        let gaps = try await test.store.gaps(of: device.id, limit: 10)
        #expect(gaps == [NumberGap(first: 2, last: 3)])
        #expect(try await test.store.device(device.id)?.missingCount == 2)
    }

    @Test("a forked batch does not keep its neighbours in the transaction from being stored")
    func neighbours() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let other = try await test.enrolled()
        let good = try #require(Self.incoming(device, [device.frame(1)]))
        let bad = try #require(
            Self.incoming(device, [device.frame(1, report: SimulatedDevice.report { _ in })])
        )
        let neighbour = try #require(Self.incoming(other, [other.frame(1)]))
        let outcomes = try await test.store.commit([good, bad, neighbour], now: 5)
        #expect(
            outcomes == [.stored(newCount: 1), .forked(.report), .stored(newCount: 1)]
        )
    }

    private static func incoming(
        _ device: SimulatedDevice,
        _ frames: [SpoolFrame]
    ) -> IncomingBatch? {
        let reports = frames.compactMap(IncomingReport.init)
        guard let epoch = reports.first?.epoch else { return nil }
        return IncomingBatch(
            deviceID: device.id,
            epoch: epoch,
            nonce: device.nonce,
            reports: reports,
            sizeBytes: 100
        )
    }
}
