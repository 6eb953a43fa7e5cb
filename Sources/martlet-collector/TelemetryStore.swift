import Foundation
import GRDB

/// Everything that the collector remembers, in one SQLite database.
///
/// The only type that speaks SQL. One writer and several readers work at the same time (WAL); a
/// transaction has reached the disk when it returns (`synchronous = FULL`). Another process may
/// use the same file.
struct TelemetryStore: Sendable {
    let pool: DatabasePool
    /// The path of the database file.
    let path: String

    /// Opens the database and brings its schema up to date.
    init(path: String, limits: Limits = Limits()) throws {
        self.path = path
        var configuration = GRDB.Configuration()
        configuration.label = "telemetry"
        configuration.busyMode = .timeout(Limits.busySeconds)
        configuration.maximumReaderCount = 4
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { database in
                // The pool chose NORMAL, which may lose acknowledged reports when power fails.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                if let count = limits.databasePageCountMax {
                    try database.execute(sql: "PRAGMA max_page_count = \(count)")
                }
            }
            try Self.migrator.migrate(pool)
        } catch {
            throw CollectorError(storage: error)
        }
    }

    /// Ends all use of the database.
    func close() { try? pool.close() }

    /// Runs a transaction, which has reached the disk when this returns.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.write(body)
        } catch {
            throw CollectorError(storage: error)
        }
    }

    /// Reads one state of the database.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.read(body)
        } catch {
            throw CollectorError(storage: error)
        }
    }
}

extension TelemetryStore {
    /// Writes one row, so that a database that cannot store reports is not called healthy.
    func checkHealth(now: Int64) async throws {
        try await write { database in
            try database.cachedStatement(sql: "UPDATE health SET checked_at = ?")
                .execute(arguments: [now])
        }
    }

    /// What the metrics say of the database.
    func size() async throws -> (deviceCount: Int64, sizeBytes: Int64) {
        try await read { database in
            let devices = try Int64.fetchOne(database, sql: "SELECT count(*) FROM devices")
            let bytes = try Int64.fetchOne(
                database,
                sql: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            )
            return (devices ?? 0, bytes ?? 0)
        }
    }
}

extension CollectorError {
    /// The error that a failure of the database stands for.
    init(storage error: any Error) {
        switch error {
        case let error as CollectorError: self = error
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL: self = .storageFull
        case let error as DatabaseError:
            self = .storageFailed(
                code: error.extendedResultCode.rawValue,
                message: error.message ?? error.resultCode.description
            )
        default: self = .storageFailed(code: 0, message: String(describing: error))
        }
    }
}

extension Row {
    /// The bytes of a column that is not null.
    func bytes(_ column: String) -> [UInt8] { [UInt8](self[column] as Data) }
}
