import Foundation
import GRDB
import Telemetry

/// A place in the list of reports: the last report before it.
struct ReportCursor: Sendable, Equatable {
    let deviceID: [UInt8]
    let epoch: Int64
    let sequence: Int64

    init(_ report: StoredReport) {
        deviceID = report.deviceID
        epoch = report.epoch
        sequence = report.sequence
    }

    /// Reads a cursor that a page gave.
    init?(text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3,
            let deviceID = Hexadecimal.decode([UInt8](parts[0].utf8)[...]),
            deviceID.count == Wire.deviceIDSizeBytes,
            let epoch = Int64(parts[1]), let sequence = Int64(parts[2])
        else { return nil }
        self.deviceID = deviceID
        self.epoch = epoch
        self.sequence = sequence
    }

    /// The cursor for an address.
    var text: String { "\(hexText(deviceID)).\(epoch).\(sequence)" }
}

extension TelemetryStore {
    /// Reports by device, boot and sequence.
    ///
    /// - Parameters:
    ///   - device: the only device whose reports are given; `nil` for all.
    ///   - cursor: the last report of the page before.
    ///   - newestFirst: whether the order is turned around.
    ///   - limit: the most entries to give.
    /// - Returns: A page of reports.
    /// - Throws: `CollectorError` when the storage fails.
    func reports(
        of device: [UInt8]?,
        after cursor: ReportCursor?,
        newestFirst: Bool = false,
        limit: Int
    ) async throws -> Page<StoredReport> {
        let found = try await read { database in
            var conditions: [String] = []
            var arguments = StatementArguments()
            if let device {
                conditions.append("device = ?")
                arguments += [Data(device)]
            }
            if let cursor {
                conditions.append("(device, epoch, sequence) \(newestFirst ? "<" : ">") (?, ?, ?)")
                arguments += [Data(cursor.deviceID), cursor.epoch, cursor.sequence]
            }
            arguments += [limit + 1]
            let order = newestFirst ? "DESC" : "ASC"
            let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
            let statement = try database.cachedStatement(
                sql: """
                    SELECT device, epoch, sequence, number, received_at, frame_hash, body
                    FROM reports \(filter)
                    ORDER BY device \(order), epoch \(order), sequence \(order) LIMIT ?
                    """
            )
            return try Row.fetchAll(statement, arguments: arguments).compactMap(Self.report)
        }
        let entries = Array(found.prefix(limit))
        let next = found.count > limit ? entries.last.map { ReportCursor($0).text } : nil
        return Page(entries: entries, next: next)
    }

    /// How many inferences the newest reports of a device counted, oldest first.
    func recentInferences(of device: [UInt8], limit: Int) async throws -> [Int64] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT inference_count FROM reports WHERE device = ?
                    ORDER BY epoch DESC, sequence DESC LIMIT ?
                    """
            )
            let arguments: StatementArguments = [Data(device), limit]
            return try Int64.fetchAll(statement, arguments: arguments).reversed()
        }
    }

    /// The newest numbers that a device gave to reports which never arrived.
    func gaps(of device: [UInt8], limit: Int) async throws -> [NumberGap] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT coalesce(before, 0) + 1 AS first, number - 1 AS last FROM (
                        SELECT number, lag(number) OVER (ORDER BY number) AS before
                        FROM reports WHERE device = ?)
                    WHERE number > coalesce(before, 0) + 1 ORDER BY number DESC LIMIT ?
                    """,
                arguments: [Data(device), limit]
            )
            return rows.map { NumberGap(first: $0["first"], last: $0["last"]) }
        }
    }

    private static func report(_ row: Row) -> StoredReport? {
        // What is stored was decoded before; a body that a damaged disk changed is left out.
        guard let report = try? Report(decoding: row.bytes("body")) else { return nil }
        return StoredReport(
            deviceID: row.bytes("device"),
            epoch: row["epoch"],
            sequence: row["sequence"],
            number: row["number"],
            receivedAt: row["received_at"],
            frameHash: row.bytes("frame_hash"),
            report: report
        )
    }
}
