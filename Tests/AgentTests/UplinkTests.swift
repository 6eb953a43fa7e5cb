import BundleFormat
import Foundation
import Glibc
import Telemetry
import Testing

@Suite("Reporting to a collector")
struct UplinkTests {
    static let input = [UInt8](repeating: 0, count: DigitsBundle.inputSize)
    static let token = [UInt8](repeating: 0xAB, count: 32)

    /// A stand whose agent reports often to a port of this machine.
    static func stand(_ keys: CollectorKeys, port: UInt16) throws -> Stand {
        let stand = try Stand([
            "collector": "http://127.0.0.1:\(port)", "report-interval-ms": "40",
            "backoff-min-ms": "5", "backoff-max-ms": "20", "uplink-timeout-ms": "500",
            "name": "pump 7",
        ])
        stand.keys["collector-identity"] = stand.path("id")
        stand.keys["enrolment-token"] = stand.path("token")
        try stand.write("id", keys.identityLine + [0x0A])
        try stand.write("token", Hexadecimal.encode(token) + [0x0A])
        return stand
    }

    /// Enrols whoever asks and answers batches by `batch`.
    static func collector(
        _ keys: CollectorKeys,
        batch: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) -> FakeCollector {
        FakeCollector { request in
            guard request.path == "/d/1/enrol" else { return batch(request.body) }
            return FakeCollector.response(keys.receipt(request.body) ?? [])
        }
    }

    @Test("without an answer at the collector's port reports wait and serving goes on")
    func unreachable() throws {
        // A port that was just free.
        let gone = FakeCollector { _ in [] }
        gone.stop()
        let stand = try Self.stand(CollectorKeys(), port: gone.port)
        let agent = try stand.start()
        let client = try stand.client()
        let isSeen = try eventually {
            _ = try client.infer(Self.input)
            let status = try client.status()
            return status["uplink-failures"] >= 3 && status["spool-reports"] >= 3
        }
        #expect(isSeen)
        #expect(try client.status()["acknowledged-sequence"] == 0)
        agent.signal(SIGTERM)
        #expect(agent.wait() == .exit(0))
        let lines = agent.errors.split(separator: "\n")
        #expect(lines.filter { $0.contains("the collector cannot be reached") }.count == 1)
    }

    @Test("a collector that never answers holds up nothing")
    func silent() throws {
        let keys = CollectorKeys()
        let collector = FakeCollector { _ in [] }
        defer { collector.stop() }
        let stand = try Self.stand(keys, port: collector.port)
        stand.keys["uplink-timeout-ms"] = "2000"
        let agent = try stand.start()
        let client = try stand.client()
        var slowest = Duration.zero
        let isSeen = try eventually {
            let begin = ContinuousClock.now
            _ = try client.infer(Self.input)
            slowest = max(slowest, ContinuousClock.now - begin)
            return try client.status()["uplink-failures"] >= 1
        }
        #expect(slowest < .milliseconds(1_900))
        #expect(isSeen)
        #expect(agent.endingNow == nil)
    }

    @Test("a signed acknowledgement frees, and every report arrives once")
    func acknowledged() throws {
        let keys = CollectorKeys()
        let collector = Self.collector(keys) {
            FakeCollector.response(keys.acknowledgement($0))
        }
        defer { collector.stop() }
        let stand = try Self.stand(keys, port: collector.port)
        let agent = try stand.start()
        let client = try stand.client()
        for _ in 0..<25 { _ = try client.infer(Self.input) }
        let isSeen = try eventually { try client.status()["acknowledged-sequence"] >= 3 }
        #expect(isSeen)
        #expect(try client.status().fields["enrolled"] as? Bool == true)
        #expect(try client.status()["uplink-failures"] == 0)
        agent.signal(SIGTERM)
        #expect(agent.wait() == .exit(0))
        #expect(try stand.reports().isEmpty)
        let enrolment = try #require(collector.requests.first)
        let record = try #require(keys.sealing.open([UInt8](enrolment.body.dropFirst(8))))
        let request = try EnrolmentRequest(decoding: record)
        #expect(request.token == Self.token)
        #expect(request.name == [UInt8]("pump 7".utf8))
        let batches = collector.batches
        let sequences = try batches.flatMap { batch in
            let header = try BatchHeader(decoding: batch)
            #expect(header.nonce != 0)
            return [UInt64](header.firstSequence...header.lastSequence)
        }
        #expect(sequences == [UInt64](1...UInt64(sequences.count)))
        let reports = try batches.flatMap { try #require(keys.reports($0)) }
        #expect(reports.reduce(0) { $0 + $1.outcomes.succeeded } == 25)
        #expect(reports.last?.isComplete == false)
    }

    @Test("an acknowledgement of a part frees that part, and the rest is sent again")
    func partly() throws {
        let keys = CollectorKeys()
        let collector = Self.collector(keys) { batch in
            let first = try? BatchHeader(decoding: batch).firstSequence
            return FakeCollector.response(keys.acknowledgement(batch, sequence: first))
        }
        defer { collector.stop() }
        let stand = try Self.stand(keys, port: collector.port)
        let agent = try stand.start()
        let isSeen = try eventually { try stand.status()["acknowledged-sequence"] >= 3 }
        #expect(isSeen)
        let firsts = try collector.batches.map { try BatchHeader(decoding: $0).firstSequence }
        #expect(firsts.starts(with: [1, 2, 3]))
        #expect(agent.endingNow == nil)
    }

    /// Answers that must not free anything.
    enum Lie: String, CaseIterable {
        case garbage, empty, status500, status204, unsigned, stranger, otherBatch, beyond, before
        case cutShort, chunked, receipt

        func answer(_ keys: CollectorKeys, _ stranger: CollectorKeys, _ batch: [UInt8]) -> [UInt8] {
            let right = keys.acknowledgement(batch)
            return switch self {
            case .garbage: [UInt8](repeating: 0x41, count: 10_000)
            case .empty: FakeCollector.response([])
            case .status500: FakeCollector.response(500, right)
            case .status204: FakeCollector.response(204, right)
            case .unsigned:
                FakeCollector.response(right.dropLast(64) + [UInt8](repeating: 0, count: 64))
            case .stranger: FakeCollector.response(stranger.acknowledgement(batch))
            case .otherBatch:
                FakeCollector.response(
                    keys.acknowledgement(batch, hash: [UInt8](repeating: 1, count: 32))
                )
            case .beyond: FakeCollector.response(keys.acknowledgement(batch, sequence: .max))
            case .before: FakeCollector.response(keys.acknowledgement(batch, sequence: 0))
            case .cutShort: [UInt8](FakeCollector.response(right).dropLast(1))
            case .chunked:
                [UInt8]("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nC0\r\n".utf8)
                    + right + [UInt8]("\r\n0\r\n\r\n".utf8)
            case .receipt: FakeCollector.response(keys.receipt(batch) ?? right.reversed())
            }
        }
    }

    @Test("an answer that is not the collector's word frees nothing", arguments: Lie.allCases)
    func lies(lie: Lie) throws {
        let keys = CollectorKeys()
        let stranger = CollectorKeys()
        let collector = Self.collector(keys) { lie.answer(keys, stranger, $0) }
        defer { collector.stop() }
        let stand = try Self.stand(keys, port: collector.port)
        let agent = try stand.start()
        let client = try stand.client()
        let isSeen = try eventually {
            _ = try client.infer(Self.input)
            let failures = try client.status()["uplink-failures"]
            return collector.batches.count >= 3 && failures >= 3
        }
        #expect(isSeen)
        let status = try client.status()
        #expect(status["acknowledged-sequence"] == 0)
        #expect(status["spool-reports"] >= 1)
        #expect(status["spool-dropped"] == 0)
        agent.signal(SIGTERM)
        #expect(agent.wait() == .exit(0))
        let reports = try stand.reports()
        #expect(reports.count >= status["spool-reports"])
        // What was sent again is the same.
        let headers = try collector.batches.map { try BatchHeader(decoding: $0) }
        #expect(headers.allSatisfy { header in header.firstSequence == 1 && header.epoch == 1 })
    }

    @Test("a receipt that another signed does not enrol, and no report is sent")
    func forgedReceipt() throws {
        let keys = CollectorKeys()
        let stranger = CollectorKeys()
        let collector = FakeCollector { request in
            guard let record = keys.receipt(request.body) else { return [] }
            let signed = [UInt8](record.prefix(128))
            return FakeCollector.response(
                signed + stranger.signing.sign(Wire.receiptDomain + signed)
            )
        }
        defer { collector.stop() }
        let stand = try Self.stand(keys, port: collector.port)
        let agent = try stand.start()
        #expect(eventually { collector.requests.count >= 3 })
        #expect(try stand.status().fields["enrolled"] as? Bool == false)
        #expect(collector.batches.isEmpty)
        #expect(agent.endingNow == nil)
    }

    @Test("a device that the collector forgot makes itself known again")
    func forgotten() throws {
        let keys = CollectorKeys()
        let collector = FakeCollector { request in
            if let receipt = keys.receipt(request.body) { return FakeCollector.response(receipt) }
            return FakeCollector.response(401, [])
        }
        defer { collector.stop() }
        let stand = try Self.stand(keys, port: collector.port)
        let agent = try stand.start()
        let isSeen = eventually {
            collector.requests.count { $0.path == "/d/1/enrol" } >= 3
        }
        #expect(isSeen)
        #expect(try stand.status()["acknowledged-sequence"] == 0)
        #expect(agent.endingNow == nil)
    }

    @Test("a device that is enrolled stays so over a restart, without its token")
    func enrolledForGood() throws {
        let keys = CollectorKeys()
        let collector = Self.collector(keys) {
            FakeCollector.response(keys.acknowledgement($0))
        }
        defer { collector.stop() }
        let stand = try Self.stand(keys, port: collector.port)
        let first = try stand.start()
        let isSeen = try eventually { try stand.status()["acknowledged-sequence"] >= 1 }
        #expect(isSeen)
        first.signal(SIGKILL)
        _ = first.wait()
        try FileManager.default.removeItem(atPath: stand.path("token"))
        let second = try stand.start()
        let isSeenAgain = try eventually {
            let status = try stand.status()
            return status["acknowledged-epoch"] == 2 && status["acknowledged-sequence"] >= 1
        }
        #expect(isSeenAgain)
        #expect(collector.requests.count { $0.path == "/d/1/enrol" } == 1)
        #expect(second.endingNow == nil)
    }

    @Test(
        "an identity or a token that is none stops the start",
        arguments: [("id", "martlet-collector-1 00\n"), ("token", "0123\n")]
    )
    func malformed(name: String, text: String) throws {
        let stand = try Self.stand(CollectorKeys(), port: 9)
        try stand.write(name, [UInt8](text.utf8))
        let agent = try stand.spawnAgent()
        #expect(agent.wait() == .exit(2))
    }
}
