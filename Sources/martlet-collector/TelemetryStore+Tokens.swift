import Foundation
import GRDB
import Telemetry

extension TelemetryStore {
    /// Stores the hash of a new token.
    func createToken(
        hash: [UInt8],
        note: String,
        usesMax: Int64,
        expiresAt: Int64,
        now: Int64
    ) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    INSERT INTO tokens (hash, note, created_at, expires_at, uses_max)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [Data(hash), note, now, expiresAt, usesMax]
            )
        }
    }

    /// All tokens, the newest first.
    func tokens(now: Int64) async throws -> [TokenRecord] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT tokens.*, (SELECT count(*) FROM token_uses
                        WHERE token_uses.hash = tokens.hash) AS uses
                    FROM tokens ORDER BY created_at DESC, hash
                    """
            )
            return rows.map { Self.token($0, now) }
        }
    }

    /// Revokes the tokens whose id begins with some digits, if that is exactly one.
    ///
    /// - Returns: Whether it was.
    func revokeToken(idPrefix: String, now: Int64) async throws -> Bool {
        try await write { database in
            let hashes = try Data.fetchAll(
                database,
                sql: "SELECT hash FROM tokens WHERE substr(lower(hex(hash)), 1, ?) = ?",
                arguments: [idPrefix.count, idPrefix.lowercased()]
            )
            guard hashes.count == 1, let hash = hashes.first else { return false }
            try database.execute(
                sql: "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE hash = ?",
                arguments: [now, hash]
            )
            return true
        }
    }

    /// Revokes a device: its batches are refused from now on.
    ///
    /// - Returns: Whether there is such a device.
    func revokeDevice(_ deviceID: [UInt8], now: Int64) async throws -> Bool {
        try await write { database in
            try database.execute(
                sql: "UPDATE devices SET revoked_at = coalesce(revoked_at, ?) WHERE device = ?",
                arguments: [now, Data(deviceID)]
            )
            return database.changesCount == 1
        }
    }

    private static func token(_ row: Row, _ now: Int64) -> TokenRecord {
        let uses: Int64 = row["uses"]
        let usesMax: Int64 = row["uses_max"]
        let expiresAt: Int64 = row["expires_at"]
        let state =
            row["revoked_at"] != nil
            ? "revoked" : uses >= usesMax ? "used" : now >= expiresAt ? "expired" : "open"
        return TokenRecord(
            id: String(hexText(row.bytes("hash")).prefix(16)),
            note: row["note"],
            createdAt: ServerTime.text(row["created_at"]),
            expiresAt: ServerTime.text(expiresAt),
            usesMax: usesMax,
            uses: uses,
            state: state
        )
    }
}

/// Bytes as lower-case hexadecimal digits.
func hexText(_ bytes: [UInt8]) -> String {
    String(decoding: Hexadecimal.encode(bytes), as: UTF8.self)
}
