import GRDB

// The schema. Every key of telemetry begins with the device, so that the tables can be sharded by
// it; nothing joins rows of two devices. Times are the server's, in Unix milliseconds. Unsigned
// numbers of the device that do not fit are clamped to the largest integer.

extension TelemetryStore {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(sql: devices)
            try database.execute(sql: tokens)
            try database.execute(sql: reports)
        }
        return migrator
    }

    private static let devices = """
        CREATE TABLE devices (
            device BLOB NOT NULL PRIMARY KEY CHECK (length(device) = 16),
            public_key BLOB NOT NULL CHECK (length(public_key) = 32),
            name TEXT NOT NULL,
            enrolled_at INTEGER NOT NULL,
            revoked_at INTEGER,
            forked_at INTEGER,
            fork_reason TEXT,
            seen_at INTEGER,
            content_id BLOB,
            report_count INTEGER NOT NULL DEFAULT 0,
            inference_count INTEGER NOT NULL DEFAULT 0,
            number_max INTEGER NOT NULL DEFAULT 0,
            dropped_count INTEGER NOT NULL DEFAULT 0,
            lost_count INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX devices_by_name ON devices (name, device);
        CREATE TABLE boots (
            device BLOB NOT NULL,
            epoch INTEGER NOT NULL,
            nonce INTEGER NOT NULL,
            seen_at INTEGER NOT NULL,
            PRIMARY KEY (device, epoch)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE health (checked_at INTEGER NOT NULL) STRICT;
        INSERT INTO health VALUES (0);
        """

    private static let tokens = """
        CREATE TABLE tokens (
            hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
            note TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            uses_max INTEGER NOT NULL,
            revoked_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE token_uses (
            hash BLOB NOT NULL,
            device BLOB NOT NULL,
            used_at INTEGER NOT NULL,
            PRIMARY KEY (hash, device)
        ) STRICT, WITHOUT ROWID;
        """

    private static let reports = """
        CREATE TABLE reports (
            device BLOB NOT NULL,
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            number INTEGER NOT NULL,
            received_at INTEGER NOT NULL,
            frame_hash BLOB NOT NULL CHECK (length(frame_hash) = 32),
            previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 16),
            content_id BLOB NOT NULL CHECK (length(content_id) = 32),
            inference_count INTEGER NOT NULL,
            failure_count INTEGER NOT NULL,
            latency_p50 INTEGER,
            latency_p99 INTEGER,
            body BLOB NOT NULL,
            PRIMARY KEY (device, epoch, sequence)
        ) STRICT;
        CREATE INDEX reports_by_number ON reports (device, number);
        CREATE TABLE stops (
            device BLOB NOT NULL,
            epoch INTEGER NOT NULL,
            starts INTEGER NOT NULL,
            reason INTEGER NOT NULL,
            signal INTEGER NOT NULL,
            program_counter INTEGER NOT NULL,
            reported_at INTEGER NOT NULL,
            PRIMARY KEY (device, epoch, starts)
        ) STRICT, WITHOUT ROWID;
        """
}
