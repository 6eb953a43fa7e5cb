import Telemetry

/// Everything that is bounded, and why the bound has its value.
struct Limits: Sendable {
    /// The largest batch is the wire's own limit.
    static let batchSizeMax = Wire.batchSizeMax
    /// An enrolment is a key id and one sealed record, and nothing else.
    static let enrolmentSizeBytes =
        Wire.collectorKeyIDSizeBytes + EnrolmentRequest.sizeBytes + 48
    /// Request line and headers: a device sends 200 bytes, a browser with cookies about 2 KiB.
    static let headerSizeMax = 8_192
    /// A browser sends about 20 headers.
    static let headerCountMax = 64
    /// Batches in one transaction: at about 50 µs each it stays near 10 ms, so that an answer
    /// waits for the disk and not for its neighbours.
    static let drainCountMax = 200
    /// Entries of an API page: 200 reports without histograms are about 200 KiB.
    static let pageSizeMax = 200, pageSizeDefault = 50
    /// Public keys in memory: 65,536 entries of about 100 bytes are 7 MB; beyond it they are
    /// looked up again.
    static let knownDeviceCountMax = 65_536
    /// How long a transaction waits for another process, which only writes single rows.
    static let busySeconds = 5.0

    /// Batches that wait for a transaction: two seconds' worth at the measured commit rate.
    var queueCountMax = 8_192
    /// Their bodies: bounds memory whatever the batches' sizes.
    var queueSizeMax = 16 << 20
    /// From a request's first byte to its answer's: a 1 MiB batch needs 100 KiB/s, and a client
    /// that drips bytes to hold the connection is cut.
    var requestMilliseconds = 10_000
    /// A kept connection without traffic; above the 60 s that proxies commonly use.
    var idleMilliseconds = 75_000
    /// Open connections: each costs about 20 KiB, so together about 80 MB.
    var connectionCountMax = 4_096
    /// The pages of the database file that it may have; `nil` for no limit but the disk's.
    var databasePageCountMax: Int?
}
