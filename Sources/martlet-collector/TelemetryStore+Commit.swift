import Foundation
import GRDB
import Telemetry

extension TelemetryStore {
    /// Stores batches in one transaction, each as a whole or not at all.
    ///
    /// - Returns: One outcome a batch, in their order, when the transaction has reached the disk.
    /// - Throws: `CollectorError` when it has not; then nothing of any batch is stored.
    func commit(_ batches: [IncomingBatch], now: Int64) async throws -> [CommitOutcome] {
        try await write { database in
            try batches.map { try BatchCommit($0, now, database).run() }
        }
    }
}

/// The storing of one batch inside a transaction.
///
/// All decisions come before the first insertion, so that a refused batch leaves nothing behind.
private struct BatchCommit {
    let batch: IncomingBatch
    let now: Int64
    let database: Database
    let device: Data

    init(_ batch: IncomingBatch, _ now: Int64, _ database: Database) {
        self.batch = batch
        self.now = now
        self.database = database
        device = Data(batch.deviceID)
    }

    func run() throws -> CommitOutcome {
        // Another process may have revoked the device since the signature was checked.
        let known = try database.cachedStatement(
            sql: """
                SELECT revoked_at, report_count, inference_count, number_max FROM devices
                WHERE device = ?
                """
        )
        guard let row = try Row.fetchOne(known, arguments: [device]) else { return .unknown }
        guard row["revoked_at"] == nil else { return .revoked }
        if let reason = try bootFork() { return try fork(reason) }
        var new: [IncomingReport] = []
        for report in batch.reports {
            guard let stored = try storedHash(report) else {
                new.append(report)
                continue
            }
            guard stored == report.frameHash else { return try fork(.report) }
        }
        guard try isChained(new) else { return try fork(.chain) }
        try rememberBoot()
        for report in new { try insert(report) }
        try updateDevice(row, new)
        return new.isEmpty ? .duplicate : .stored(newCount: new.count)
    }

    private func fork(_ reason: ForkReason) throws -> CommitOutcome {
        let statement = try database.cachedStatement(
            sql: """
                UPDATE devices SET forked_at = coalesce(forked_at, ?1),
                    fork_reason = coalesce(fork_reason, ?2)
                WHERE device = ?3
                """
        )
        try statement.execute(arguments: [now, reason.rawValue, device])
        return .forked(reason)
    }

    private func bootFork() throws -> ForkReason? {
        let statement = try database.cachedStatement(
            sql: "SELECT nonce FROM boots WHERE device = ? AND epoch = ?"
        )
        guard batch.nonce != 0,
            let stored = try Int64.fetchOne(statement, arguments: [device, batch.epoch]),
            stored != 0, UInt64(bitPattern: stored) != batch.nonce
        else { return nil }
        return .boot
    }

    private func rememberBoot() throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO boots (device, epoch, nonce, seen_at) VALUES (?, ?, ?, ?)
                ON CONFLICT (device, epoch) DO UPDATE SET nonce = excluded.nonce
                WHERE boots.nonce = 0
                """
        )
        try statement.execute(
            arguments: [device, batch.epoch, Int64(bitPattern: batch.nonce), now]
        )
    }

    private func storedHash(_ report: IncomingReport) throws -> [UInt8]? {
        let statement = try database.cachedStatement(
            sql: "SELECT frame_hash FROM reports WHERE device = ? AND epoch = ? AND sequence = ?"
        )
        let arguments: StatementArguments = [device, report.epoch, report.sequence]
        return try Data.fetchOne(statement, arguments: arguments).map { [UInt8]($0) }
    }

    /// Whether each new frame names the hash of the frame before it, where that one is known.
    private func isChained(_ new: [IncomingReport]) throws -> Bool {
        let statement = try database.cachedStatement(
            sql: "SELECT frame_hash FROM reports WHERE device = ? AND number = ?"
        )
        var before: IncomingReport?
        for report in new {
            defer { before = report }
            var hashes: [[UInt8]] = []
            if let before, before.number == report.number - 1 {
                hashes = [before.frameHash]
            } else {
                // After damage to its newest frame a device gives that frame's number once more.
                let arguments: StatementArguments = [device, report.number - 1]
                hashes = try Data.fetchAll(statement, arguments: arguments).map { [UInt8]($0) }
            }
            let isKnown = !hashes.isEmpty
            if isKnown, !hashes.contains(where: { $0.starts(with: report.previousHash) }) {
                return false
            }
        }
        return true
    }

    private func insert(_ incoming: IncomingReport) throws {
        let report = incoming.report
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO reports (device, epoch, sequence, number, received_at, frame_hash,
                    previous_hash, content_id, inference_count, failure_count, latency_p50,
                    latency_p99, body)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        let arguments: StatementArguments = [
            device, incoming.epoch, incoming.sequence, incoming.number, now,
            Data(incoming.frameHash), Data(incoming.previousHash), Data(report.contentID),
            Int64(clamping: report.outcomes.succeeded), report.outcomes.failureCount,
            report.latency.quantile(permille: 500).map { Int64(clamping: $0) },
            report.latency.quantile(permille: 990).map { Int64(clamping: $0) },
            Data(incoming.body),
        ]
        try statement.execute(arguments: arguments)
        if report.life.previousStop != .orderly { try rememberStop(incoming) }
    }

    /// Keeps how the run before ended, which every report of a run repeats.
    private func rememberStop(_ incoming: IncomingReport) throws {
        let life = incoming.report.life
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO stops (device, epoch, starts, reason, signal, program_counter,
                    reported_at)
                VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """
        )
        let arguments: StatementArguments = [
            device, incoming.epoch, Int64(clamping: life.starts),
            Int64(life.previousStop.rawValue), Int64(clamping: life.crashSignal),
            Int64(clamping: life.crashProgramCounter), now,
        ]
        try statement.execute(arguments: arguments)
    }

    private func updateDevice(_ row: Row, _ new: [IncomingReport]) throws {
        var inferences: Int64 = row["inference_count"]
        for incoming in new {
            inferences.addSaturating(Int64(clamping: incoming.report.outcomes.succeeded))
        }
        let numberMax: Int64 = row["number_max"]
        guard let last = new.last, last.number > numberMax else {
            return try touchDevice(row, new.count, inferences)
        }
        let statement = try database.cachedStatement(
            sql: """
                UPDATE devices SET seen_at = ?, report_count = ?, inference_count = ?,
                    number_max = ?, content_id = ?, dropped_count = ?, lost_count = ?
                WHERE device = ?
                """
        )
        let life = last.report.life
        try statement.execute(
            arguments: [
                now, row["report_count"] as Int64 + Int64(new.count), inferences, last.number,
                Data(last.report.contentID), Int64(clamping: life.spoolDropped),
                Int64(clamping: life.spoolLost), device,
            ]
        )
    }

    /// What a batch changes that holds nothing newer than what is stored.
    private func touchDevice(_ row: Row, _ newCount: Int, _ inferences: Int64) throws {
        let statement = try database.cachedStatement(
            sql: """
                UPDATE devices SET seen_at = ?, report_count = ?, inference_count = ?
                WHERE device = ?
                """
        )
        let reportCount = row["report_count"] as Int64 + Int64(newCount)
        try statement.execute(arguments: [now, reportCount, inferences, device])
    }
}

extension Report.Outcomes {
    /// Requests that were not answered with a result.
    var failureCount: Int64 {
        var sum = Int64(clamping: badInput)
        sum.addSaturating(Int64(clamping: badRequest))
        sum.addSaturating(Int64(clamping: refused))
        return sum
    }
}

extension Int64 {
    /// Adds a count without trapping: the largest value stands for itself and everything above.
    mutating func addSaturating(_ other: Int64) {
        let (sum, overflow) = addingReportingOverflow(other)
        self = overflow ? .max : sum
    }
}
