import Foundation
import GRDB
import Telemetry
import Testing

@testable import martlet_collector

@Suite("Storage")
struct StorageTests {
    @Test("a transaction is on the disk when it returns, and readers do not wait")
    func durability() throws {
        let test = try TestCollector()
        defer { test.remove() }
        let (synchronous, mode) = try test.store.pool.writeWithoutTransaction { database in
            (
                try Int.fetchOne(database, sql: "PRAGMA synchronous"),
                try String.fetchOne(database, sql: "PRAGMA journal_mode")
            )
        }
        #expect(synchronous == 2)
        #expect(mode == "wal")
    }

    @Test("what was acknowledged is there after a restart, and is a duplicate then")
    func restart() async throws {
        let first = try TestCollector()
        defer { first.remove() }
        let device = try await first.enrolled()
        let batch = device.batch((1...2).map { device.frame($0) })
        _ = try await first.serve { try await $0.send(batch) }
        first.store.close()
        let second = try TestCollector(folder: first.folder)
        #expect(second.keys.identity == first.keys.identity)
        let answer = try await second.serve { try await $0.send(batch) }
        #expect(answer.acknowledgement(from: second.keys.identity)?.status == .duplicate)
        #expect(try second.stored() == [[1, 1], [1, 2]])
    }

    @Test("a full disk gives 503 with Retry-After, stores nothing, and heals by itself")
    func fullDisk() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        // A report whose histograms do not fit the pages that are left.
        let large = SimulatedDevice.report { report in
            report.tensors = (0..<16).map { (index: UInt16) in
                let counts = (0..<256).map { UInt32(1 << 20 + $0) }
                return TensorReport(
                    isOutput: false,
                    index: index,
                    histogram: CodeHistogram(counts: counts) ?? CodeHistogram()
                )
            }
        }
        let batch = device.batch([device.frame(1, report: large)])
        try setPageCountMax(test, extra: 1)
        let answers = try await test.serve { client in
            let full = try await client.send(batch)
            let page = try await client.get("/api/v1/devices")
            try setPageCountMax(test, extra: 1_000)
            return [full, page, try await client.send(batch), try await client.get("/healthz")]
        }
        #expect(answers.map(\.status) == [503, 200, 200, 200])
        #expect(answers[0].code == "storage-unavailable")
        #expect(answers[0].headers["retry-after"] == "5")
        #expect(try test.stored() == [[1, 1]])
    }

    private func setPageCountMax(_ test: TestCollector, extra: Int) throws {
        try test.store.pool.writeWithoutTransaction { database in
            let count = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            _ = try Int.fetchOne(database, sql: "PRAGMA max_page_count = \(count + extra)")
        }
    }

    @Test("a full queue gives 503 with Retry-After, and what waits is stored in the end")
    func fullQueue() async throws {
        var limits = Limits()
        limits.queueCountMax = 1
        let test = try TestCollector(limits: limits)
        defer { test.remove() }
        let device = try await test.enrolled()
        let batches = (1...2).map { device.batch([device.frame($0)]) }
        let identity = test.keys.identity
        let queue = test.collector.queue
        // The queue does not run yet, so the first batch waits.
        try await test.serve(runsQueue: false) { client in
            async let waiting = client.send(batches[0])
            try await until { queue.count == 1 }
            let refused = try await client.send(batches[1])
            #expect(refused.status == 503)
            #expect(refused.code == "queue-full")
            #expect(refused.headers["retry-after"] == "1")
            let running = Task { try await queue.run() }
            #expect(try await waiting.acknowledgement(from: identity)?.status == .stored)
            running.cancel()
            try await running.value
        }
        #expect(try test.stored() == [[1, 1]])
    }

    @Test("bodies that wait are bounded by their bytes too")
    func fullQueueBytes() async throws {
        var limits = Limits()
        limits.queueSizeMax = 100
        let test = try TestCollector(limits: limits)
        defer { test.remove() }
        let device = try await test.enrolled()
        let batch = device.batch([device.frame(1)])
        let answer = try await test.serve { try await $0.send(batch) }
        #expect(answer.code == "queue-full")
    }

    @Test("many batches at once share transactions, and each is answered")
    func groupCommit() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        var batches: [[UInt8]] = []
        for _ in 0..<40 {
            let device = try await test.enrolled()
            batches.append(device.batch([device.frame(1)]))
        }
        let identity = test.keys.identity
        let all = batches
        let text = try await test.serve { client in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for batch in all {
                    group.addTask {
                        let answer = try await client.send(batch)
                        return answer.acknowledgement(from: identity)?.status == .stored
                    }
                }
                for try await isStored in group { #expect(isStored) }
            }
            return try await client.get("/metrics").text
        }
        #expect(try test.stored().count == 40)
        #expect(text.contains("martlet_collector_commit_batches_sum 40\n"))
    }

    @Test("another process may use the database while it is served")
    func secondProcess() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let other = try TelemetryStore(path: test.store.path)
        try await other.createToken(
            hash: [UInt8](repeating: 1, count: 32),
            note: "other",
            usesMax: 1,
            expiresAt: 10,
            now: 1
        )
        other.close()
        let tokens = try await test.store.tokens(now: 20)
        #expect(tokens.map(\.note) == ["other"])
        #expect(tokens.map(\.state) == ["expired"])
    }
}

/// Waits for something that will become true, for at most ten seconds.
func until(_ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(300)
    while try !condition() {
        try #require(ContinuousClock.now < deadline, "it did not become true")
        try await Task.sleep(for: .milliseconds(2))
    }
}
