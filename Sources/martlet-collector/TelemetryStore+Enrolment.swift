import Foundation
import GRDB

/// A device as the check of its signatures needs it.
struct KnownDevice: Sendable, Equatable {
    let publicKey: [UInt8]
    let isRevoked: Bool
}

/// What became of an enrolment.
enum EnrolmentOutcome: String, Sendable {
    /// The device is known now, or was made known with the same token before.
    case enrolled
    /// There is no such token, or it cannot be used any more.
    case tokenInvalid
    /// The device was known and may not report any more.
    case revoked
}

/// A token as an operator sees it; its secret is not stored.
struct TokenRecord: Sendable, Codable, Equatable {
    /// The first 16 hexadecimal digits of the token's hash.
    let id: String
    let note: String
    let createdAt: String
    let expiresAt: String
    let usesMax: Int64
    let uses: Int64
    let state: String
}

extension TelemetryStore {
    /// The device of an id; `nil` when it is not known.
    func knownDevice(_ deviceID: [UInt8]) async throws -> KnownDevice? {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "SELECT public_key, revoked_at FROM devices WHERE device = ?"
            )
            return try Row.fetchOne(statement, arguments: [Data(deviceID)]).map { row in
                KnownDevice(publicKey: row.bytes("public_key"), isRevoked: row["revoked_at"] != nil)
            }
        }
    }

    /// Uses a token to make a device known, in one transaction.
    ///
    /// A token that this device used already works again: its receipt may have been lost.
    func enrol(
        _ deviceID: [UInt8],
        publicKey: [UInt8],
        name: String,
        tokenHash: [UInt8],
        now: Int64
    ) async throws -> EnrolmentOutcome {
        // Guessed tokens are refused without the writer.
        guard try await hasToken(tokenHash) else { return .tokenInvalid }
        return try await write { database in
            let device = Data(deviceID)
            let hash = Data(tokenHash)
            let revoked = try Row.fetchOne(
                database,
                sql: "SELECT 1 FROM devices WHERE device = ? AND revoked_at IS NOT NULL",
                arguments: [device]
            )
            guard revoked == nil else { return .revoked }
            guard try Self.isUsable(hash, by: device, now, database) else { return .tokenInvalid }
            try database.execute(
                sql: """
                    INSERT INTO devices (device, public_key, name, enrolled_at)
                    VALUES (?, ?, ?, ?)
                    ON CONFLICT (device) DO UPDATE SET name = excluded.name
                    """,
                arguments: [device, Data(publicKey), name, now]
            )
            try database.execute(
                sql: "INSERT OR IGNORE INTO token_uses (hash, device, used_at) VALUES (?, ?, ?)",
                arguments: [hash, device, now]
            )
            return .enrolled
        }
    }

    private func hasToken(_ hash: [UInt8]) async throws -> Bool {
        try await read { database in
            let statement = try database.cachedStatement(sql: "SELECT 1 FROM tokens WHERE hash = ?")
            return try Row.fetchOne(statement, arguments: [Data(hash)]) != nil
        }
    }

    private static func isUsable(
        _ hash: Data,
        by device: Data,
        _ now: Int64,
        _ database: Database
    ) throws -> Bool {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT revoked_at, expires_at, uses_max,
                    (SELECT count(*) FROM token_uses WHERE hash = ?1) AS uses,
                    (SELECT count(*) FROM token_uses WHERE hash = ?1 AND device = ?2) AS own
                FROM tokens WHERE hash = ?1
                """,
            arguments: [hash, device]
        )
        guard let row, row["revoked_at"] == nil else { return false }
        let own: Int64 = row["own"]
        if own > 0 { return true }
        let expiresAt: Int64 = row["expires_at"]
        let uses: Int64 = row["uses"]
        let usesMax: Int64 = row["uses_max"]
        return now < expiresAt && uses < usesMax
    }
}
