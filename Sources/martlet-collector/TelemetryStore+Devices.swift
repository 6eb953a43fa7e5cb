import Foundation
import GRDB
import Telemetry

extension TelemetryStore {
    /// Devices by name, and by id where names are equal.
    ///
    /// - Parameters:
    ///   - cursor: the last device of the page before.
    ///   - limit: the most entries to give.
    /// - Returns: A page of devices.
    /// - Throws: `CollectorError` when the storage fails.
    func devices(after cursor: DeviceCursor?, limit: Int) async throws -> Page<DeviceRecord> {
        let found = try await read { database in
            let statement = try database.cachedStatement(
                sql: Self.deviceColumns + """
                     WHERE (name, device) > (?, ?) ORDER BY name, device LIMIT ?
                    """
            )
            let arguments: StatementArguments = [
                cursor?.name ?? "", Data(cursor?.id ?? []), limit + 1,
            ]
            return try Row.fetchAll(statement, arguments: arguments).map(Self.device)
        }
        let entries = Array(found.prefix(limit))
        let next = found.count > limit ? entries.last.map { DeviceCursor($0).text } : nil
        return Page(entries: entries, next: next)
    }

    /// One device; `nil` when it is not known.
    func device(_ id: [UInt8]) async throws -> DeviceRecord? {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: Self.deviceColumns + " WHERE device = ?"
            )
            return try Row.fetchOne(statement, arguments: [Data(id)]).map(Self.device)
        }
    }

    /// Sums over all devices.
    func totals() async throws -> FleetTotals {
        try await read { database in
            // Sums of counts that a device may make huge: as real numbers they cannot overflow.
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT count(*) AS devices, total(report_count) AS reports,
                        total(inference_count) AS inferences FROM devices
                    """
            )
            return FleetTotals(
                deviceCount: row?["devices"] ?? 0,
                reportCount: Int64(clampingReal: row?["reports"] ?? 0),
                inferenceCount: Int64(clampingReal: row?["inferences"] ?? 0)
            )
        }
    }

    /// The newest ends of runs that were not asked for.
    func stops(of device: [UInt8], limit: Int) async throws -> [StopRecord] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM stops WHERE device = ?
                    ORDER BY epoch DESC, starts DESC LIMIT ?
                    """,
                arguments: [Data(device), limit]
            )
            return rows.map { row in
                StopRecord(
                    epoch: row["epoch"],
                    starts: row["starts"],
                    reason: StopReason(rawValue: UInt64(row["reason"] as Int64)) ?? .unknown,
                    signal: row["signal"],
                    programCounter: row["program_counter"],
                    reportedAt: row["reported_at"]
                )
            }
        }
    }

    private static let deviceColumns = """
        SELECT devices.*, (SELECT max(reported_at) FROM stops
            WHERE stops.device = devices.device AND reason = 2) AS crashed_at
        FROM devices
        """

    private static func device(_ row: Row) -> DeviceRecord {
        DeviceRecord(
            id: row.bytes("device"),
            name: row["name"],
            enrolledAt: row["enrolled_at"],
            revokedAt: row["revoked_at"],
            forkedAt: row["forked_at"],
            forkReason: row["fork_reason"],
            seenAt: row["seen_at"],
            contentID: (row["content_id"] as Data?).map { [UInt8]($0) },
            reportCount: row["report_count"],
            inferenceCount: row["inference_count"],
            numberMax: row["number_max"],
            droppedCount: row["dropped_count"],
            lostCount: row["lost_count"],
            crashedAt: row["crashed_at"]
        )
    }
}

/// What all devices together have.
struct FleetTotals: Sendable, Equatable {
    let deviceCount: Int64
    let reportCount: Int64
    let inferenceCount: Int64
}

/// A place in the list of devices: the last device before it.
struct DeviceCursor: Sendable, Equatable {
    /// An id and a name of 63 bytes, each of which may have become U+FFFD with three.
    static let sizeMax = Wire.deviceIDSizeBytes + 3 * EnrolmentRequest.nameSizeMax

    let id: [UInt8]
    let name: String

    init(_ device: DeviceRecord) {
        id = device.id
        name = device.name
    }

    /// Reads a cursor that a page gave.
    init?(text: String) {
        guard let bytes = Hexadecimal.decode([UInt8](text.utf8)[...]),
            bytes.count >= Wire.deviceIDSizeBytes, bytes.count <= DeviceCursor.sizeMax
        else { return nil }
        id = [UInt8](bytes[..<Wire.deviceIDSizeBytes])
        // A place in an order may be one where no name is.
        name = String(decoding: bytes[Wire.deviceIDSizeBytes...], as: UTF8.self)
    }

    /// The cursor for an address.
    var text: String { hexText(id + [UInt8](name.utf8)) }
}

extension Int64 {
    /// The whole part of a real number, or the nearest integer that there is.
    init(clampingReal value: Double) {
        self = Int64(exactly: value.rounded(.towardZero)) ?? (value > 0 ? .max : .min)
    }
}
