// The configuration file: lines `key SP value LF`; empty lines and lines that begin with `#` are
// passed over. martletd.docc/Configuration.md documents every key.

/// How the agent finds and reports to its collector.
public struct CollectorSettings: Sendable, Equatable {
    /// Where it listens.
    public var address: CollectorAddress
    /// The file with the collector's identity line.
    public var identity: Path
    /// The file with the one-time token; needed until the device is enrolled.
    public var token: Path?
}

/// What `martletd run` is told; times are in milliseconds.
public struct Configuration: Sendable, Equatable {
    /// The signed bundle.
    public var bundle: Path
    /// Release public keys, 1 to 16; one signature by any of them is enough.
    public var trust: [Path]
    /// The directory that belongs to this agent alone.
    public var state: Path
    /// The Unix socket at which applications ask.
    public var socket: Path
    /// `nil`: reports wait in the spool.
    public var collector: CollectorSettings?
    /// Everything that has a default.
    public var limits = Limits()

    /// Numbers that have a default.
    public struct Limits: Sendable, Equatable {
        /// The device's name for people.
        public var name: [UInt8] = []
        /// Connections at a time.
        public var clientCountMax: UInt64 = 8
        /// From the first byte of a request to the last byte of its answer.
        public var requestTimeout: UInt64 = 5_000
        /// Between requests.
        public var idleTimeout: UInt64 = 600_000
        /// Between reports.
        public var reportInterval: UInt64 = 300_000
        /// The file of waiting reports.
        public var spoolBytes: UInt64 = 4 << 20
        /// Reports in one batch, before sealing.
        public var batchBytes: UInt64 = 32 << 10
        /// One exchange with the collector.
        public var uplinkTimeout: UInt64 = 10_000
        /// The shortest wait after a failure.
        public var backoffMin: UInt64 = 1_000
        /// The longest wait after failures.
        public var backoffMax: UInt64 = 3_600_000
        /// For pending requests, and again for the last batch, after SIGTERM.
        public var drainTimeout: UInt64 = 3_000

        /// Makes the defaults.
        package init() {}
    }
}
