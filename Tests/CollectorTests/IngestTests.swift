import BundleFormat
import Logging
import Telemetry
import Testing

@testable import martlet_collector

@Suite("Ingest")
struct IngestTests {
    @Test("a batch is stored and acknowledged with a signature over its hash")
    func stores() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let batch = device.batch((1...3).map { device.frame($0) })
        let answer = try await test.serve { try await $0.send(batch) }
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == "application/vnd.martlet.ack")
        #expect(answer.headers["content-length"] == "192")
        let acknowledgement = try #require(answer.acknowledgement(from: test.keys.identity))
        #expect(acknowledgement.status == .stored)
        #expect(acknowledgement.deviceID == device.id)
        #expect(acknowledgement.epoch == 1)
        #expect(acknowledgement.sequence == 3)
        #expect(acknowledgement.batchHash == Sodium.blake2b(batch))
        #expect(try test.stored() == [[1, 1], [1, 2], [1, 3]])
        #expect(try test.number("SELECT inference_count FROM devices") == 30)
    }

    @Test("the same batch, the same frames sealed anew, and a part of them are duplicates")
    func duplicates() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let frames = (1...3).map { device.frame($0) }
        let batch = device.batch(frames)
        let batches = [batch, batch, device.batch(frames), device.batch([frames[1]])]
        let identity = test.keys.identity
        let statuses = try await test.serve { client in
            var statuses: [Acknowledgement.Status?] = []
            for batch in batches {
                statuses.append(
                    try await client.send(batch).acknowledgement(from: identity)?.status
                )
            }
            return statuses
        }
        #expect(statuses == [.stored, .duplicate, .duplicate, .duplicate])
        #expect(try test.stored().count == 3)
        #expect(try test.number("SELECT report_count FROM devices") == 3)
    }

    @Test("of a batch that overlaps the stored ones the rest is stored")
    func overlap() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let frames = (1...4).map { device.frame($0) }
        let batches = [device.batch([frames[0], frames[1]]), device.batch(frames)]
        let identity = test.keys.identity
        try await test.serve { client in
            for batch in batches {
                let answer = try await client.send(batch)
                #expect(answer.acknowledgement(from: identity)?.status == .stored)
            }
        }
        #expect(try test.stored() == [[1, 1], [1, 2], [1, 3], [1, 4]])
    }

    @Test("an unknown device is refused before its signature is looked at")
    func unknownDevice() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let stranger = SimulatedDevice(collector: test.keys.identity)
        let batch = stranger.batch([stranger.frame(1)], signer: IdentityKeyPair())
        let answer = try await test.serve { try await $0.send(batch) }
        #expect(answer.status == 401)
        #expect(answer.code == "device-unknown")
    }

    @Test("a batch signed by another device's key is refused")
    func wrongKey() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let other = try await test.enrolled()
        let batch = device.batch([device.frame(1)], signer: other.identity)
        let answer = try await test.serve { try await $0.send(batch) }
        #expect(answer.status == 401)
        #expect(answer.code == "signature-invalid")
        #expect(try test.stored().isEmpty)
    }

    @Test("a batch for another collector is refused")
    func otherCollector() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let astray = SimulatedDevice(
            collector: CollectorKeys().identity,
            identity: device.identity
        )
        // Once addressed and sealed to the other, once only sealed to it.
        let addressed = astray.batch([astray.frame(1)])
        let sealed = astray.batch([astray.frame(1)]) { $0.collectorKeyID = device.keyID }
        let answers = try await test.serve { client in
            [try await client.send(addressed), try await client.send(sealed)]
        }
        #expect(answers.map(\.status) == [421, 400])
        #expect(answers.map(\.code) == ["collector-mismatch", "batch-malformed"])
        #expect(try test.stored().isEmpty)
    }

    @Test("a revoked device is refused, also when its key is remembered")
    func revoked() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let batches = (1...3).map { device.batch([device.frame($0)]) }
        let id = device.id
        let answers = try await test.serve { client in
            let first = try await client.send(batches[0])
            #expect(try await test.store.revokeDevice(id, now: 1))
            return [first, try await client.send(batches[1]), try await client.send(batches[2])]
        }
        #expect(answers.map(\.status) == [200, 403, 403])
        #expect(answers.map(\.code) == [nil, "device-revoked", "device-revoked"])
        #expect(try test.stored() == [[1, 1]])
    }

    @Test("a batch with any byte changed or cut off is refused and stores nothing")
    func damagedBatches() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let good = device.batch([device.frame(1)])
        let ingest = ingest(of: test)
        for index in good.indices {
            var damaged = good
            damaged[index] ^= 0x40
            let code = await refusal { try await ingest.accept(damaged) }
            #expect(code != nil, "byte \(index)")
            let cut = await refusal { try await ingest.accept([UInt8](good[..<index])) }
            #expect(cut == .batchMalformed, "\(index) bytes")
        }
        #expect(try test.number("SELECT count(*) FROM reports") == 0)
        #expect(try test.number("SELECT count(*) FROM boots") == 0)
    }

    @Test("rightly signed frames that are no reports, or not the announced ones, are refused")
    func malformedContents() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let good = SimulatedDevice.report().encoded()
        let batches = [
            device.batch([device.frame(1, body: [0xA0])]),
            device.batch([device.frame(1), device.frame(2, body: good + [0])]),
            device.batch([device.frame(1)]) { $0.lastSequence = 2 },
            device.batch([device.frame(1), device.frame(2)]) { $0.frameCount = 1 },
            device.batch([device.frame(2), device.frame(1)]) { header in
                (header.firstSequence, header.lastSequence) = (1, 2)
            },
        ]
        let answers = try await test.serve { client in
            var answers: [HTTPAnswer] = []
            for batch in batches { answers.append(try await client.send(batch)) }
            return answers
        }
        #expect(answers.map(\.status) == [400, 400, 400, 400, 400])
        #expect(answers.allSatisfy { $0.code == "batch-malformed" })
        #expect(try test.stored().isEmpty)
    }

    @Test("numbers beyond what the database holds are refused or clamped, and never trap")
    func hugeNumbers() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let huge = SimulatedDevice.report { report in
            report.outcomes.succeeded = .max
            report.outcomes.badInput = .max
            report.outcomes.refused = .max
            report.life.starts = .max
            report.life.previousStop = .crash
            report.life.crashProgramCounter = .max
            report.life.spoolDropped = .max
            report.saturationCount = .max
            report.startMilliseconds = .max
            report.endMilliseconds = .max
            report.wallMilliseconds = .max
        }
        let stored = device.batch([device.frame(1, report: huge), device.frame(2, report: huge)])
        let beyond = device.batch([device.frame(.max)])
        device.epoch = .max
        let late = device.batch([device.frame(1)])
        let id = hexText(device.id)
        let answers = try await test.serve { client in
            [
                try await client.send(stored), try await client.send(beyond),
                try await client.send(late), try await client.get("/"),
                try await client.get("/devices/\(id)"),
                try await client.get("/api/v1/reports?histograms=true"),
            ]
        }
        #expect(answers.map(\.status) == [200, 400, 400, 200, 200, 200])
        #expect(try test.number("SELECT inference_count FROM devices") == .max)
        #expect(try test.number("SELECT count(*) FROM stops") == 1)
    }

    @Test("what is refused is counted by its reason")
    func counted() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let batch = device.batch([device.frame(1)])
        let text = try await test.serve { client in
            _ = try await client.send(batch)
            _ = try await client.send(batch)
            _ = try await client.send([UInt8](batch.dropLast()))
            _ = try await client.post("/d/1/batch", "text/plain", batch)
            return try await client.get("/metrics").text
        }
        for (outcome, count) in [
            ("stored", 1), ("duplicate", 1), ("batch-malformed", 1),
            ("content-type-unsupported", 1),
        ] {
            #expect(
                text.contains("martlet_collector_batches_total{outcome=\"\(outcome)\"} \(count)\n")
            )
        }
        #expect(text.contains("martlet_collector_reports_stored_total 1\n"))
        #expect(!text.contains(hexText(device.id)))
    }

    /// The ingest without HTTP, on a queue that nothing reaches.
    private func ingest(of test: TestCollector) -> Ingest {
        Ingest(
            keys: test.keys,
            store: test.store,
            queue: test.collector.queue,
            devices: KnownDevices(store: test.store),
            metrics: CollectorMetrics(),
            logger: Logger(label: "test")
        )
    }
}
