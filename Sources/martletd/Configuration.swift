// The configuration file: lines `key SP value LF`; empty lines and lines that begin with `#` are
// passed over. martletd.docc/Configuration.md documents every key.

/// Where the collector listens: a number, because looking up a name would hold up inference.
struct CollectorAddress {
    /// An IPv4 or IPv6 number and a NUL.
    var host: [UInt8]
    var port: UInt16
    /// `host:port` as in the configuration, for the Host header.
    var authority: [UInt8]
}

/// How the agent finds and reports to its collector.
struct CollectorSettings {
    var address: CollectorAddress
    /// The file with the collector's identity line.
    var identity: Path
    /// The file with the one-time token; needed until the device is enrolled.
    var token: Path?
}

/// What `martletd run` is told; times are in milliseconds.
struct Configuration {
    /// The signed bundle.
    var bundle: Path
    /// Release public keys, 1 to 16; one signature by any of them is enough.
    var trust: [Path]
    /// The directory that belongs to this agent alone.
    var state: Path
    /// The Unix socket at which applications ask.
    var socket: Path
    /// `nil`: reports wait in the spool.
    var collector: CollectorSettings?
    var limits = Limits()

    /// Numbers that have a default.
    struct Limits {
        /// The device's name for people.
        var name: [UInt8] = []
        /// Connections at a time.
        var clientCountMax: UInt64 = 8
        /// From the first byte of a request to the last byte of its answer.
        var requestTimeout: UInt64 = 5_000
        /// Between requests.
        var idleTimeout: UInt64 = 600_000
        var reportInterval: UInt64 = 300_000
        /// The file of waiting reports.
        var spoolBytes: UInt64 = 4 << 20
        /// Reports in one batch, before sealing.
        var batchBytes: UInt64 = 32 << 10
        /// One exchange with the collector.
        var uplinkTimeout: UInt64 = 10_000
        var backoffMin: UInt64 = 1_000
        var backoffMax: UInt64 = 3_600_000
        /// For pending requests, and again for the last batch, after SIGTERM.
        var drainTimeout: UInt64 = 3_000
    }
}
