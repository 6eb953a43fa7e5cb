import CoreMetrics
import Terminal

/// What the collector counts about itself.
///
/// No label names a device.
struct CollectorMetrics: Sendable {
    private static let prefix = "martlet_collector_"
    private static let durations = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
    ]
    private static let sizes = [1, 2, 5, 10, 20, 50, 100, 200].map(Double.init)

    /// All metrics, with their meaning.
    static let catalog = [
        MetricDescription("\(prefix)build_info", .gauge, "Always 1; the labels name the build."),
        MetricDescription("\(prefix)batches_total", .counter, "Batches by what became of them."),
        MetricDescription("\(prefix)reports_stored_total", .counter, "Reports stored for good."),
        MetricDescription("\(prefix)enrolments_total", .counter, "Enrolments by outcome."),
        MetricDescription(
            "\(prefix)http_requests_total",
            .counter,
            "Requests by route template and class of status."
        ),
        MetricDescription(
            "\(prefix)commit_duration_seconds",
            .histogram(durations),
            "Time of a transaction, until it reached the disk."
        ),
        MetricDescription(
            "\(prefix)commit_batches",
            .histogram(sizes),
            "Batches that shared a transaction."
        ),
        MetricDescription("\(prefix)commit_failures_total", .counter, "Transactions that failed."),
        MetricDescription("\(prefix)queue_batches", .gauge, "Batches that wait for a transaction."),
        MetricDescription("\(prefix)devices", .gauge, "Devices that were ever enrolled."),
        MetricDescription("\(prefix)database_bytes", .gauge, "Size of the database."),
        MetricDescription(
            "\(prefix)connections_cut_total",
            .counter,
            "Connections closed because the client was too slow or idle."
        ),
    ]

    /// Where the metrics are kept.
    let registry: MetricRegistry
    private let reportsStored: Counter
    private let commitDuration: CoreMetrics.Timer
    private let commitBatches: Recorder
    private let commitFailures: Counter

    /// Makes the metrics, each beginning with zero.
    init() {
        let registry = MetricRegistry(catalog: Self.catalog)
        self.registry = registry
        reportsStored = Counter(label: Self.prefix + "reports_stored_total", factory: registry)
        commitDuration = CoreMetrics.Timer(
            label: Self.prefix + "commit_duration_seconds",
            factory: registry
        )
        commitBatches = Recorder(label: Self.prefix + "commit_batches", factory: registry)
        commitFailures = Counter(label: Self.prefix + "commit_failures_total", factory: registry)
        set("build_info", to: 1, [("version", Version.text)])
        for outcome in ["stored", "duplicate"] { batch(outcome, by: 0) }
        count("enrolments_total", [("outcome", "enrolled")], by: 0)
        for reason in ConnectionDeadline.Reason.allCases { connectionCut(reason, by: 0) }
    }

    /// A batch was answered.
    func batch(_ outcome: String, by amount: Int64 = 1) {
        count("batches_total", [("outcome", outcome)], by: amount)
    }

    /// Reports were stored.
    func stored(reportCount: Int) { reportsStored.increment(by: reportCount) }

    /// An enrolment was answered.
    func enrolment(_ outcome: String) { count("enrolments_total", [("outcome", outcome)]) }

    /// A transaction reached the disk.
    func committed(count: Int, duration: Duration) {
        let (seconds, attoseconds) = duration.components
        commitDuration.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        commitBatches.record(count)
    }

    /// A transaction failed.
    func commitFailed() { commitFailures.increment() }

    /// A request was answered.
    func request(route: String, status: Int) {
        count("http_requests_total", [("route", route), ("status", "\(status / 100)xx")])
    }

    /// A connection was closed by its deadline.
    func connectionCut(_ reason: ConnectionDeadline.Reason, by amount: Int64 = 1) {
        count("connections_cut_total", [("reason", reason.rawValue)], by: amount)
    }

    /// Sets what is measured when somebody asks.
    func measure(queueCount: Int, deviceCount: Int64, databaseSizeBytes: Int64) {
        set("queue_batches", to: Int64(queueCount))
        set("devices", to: deviceCount)
        set("database_bytes", to: databaseSizeBytes)
    }

    private func count(_ name: String, _ labels: [(String, String)], by amount: Int64 = 1) {
        registry.makeCounter(label: Self.prefix + name, dimensions: labels).increment(by: amount)
    }

    private func set(_ name: String, to value: Int64, _ labels: [(String, String)] = []) {
        registry.makeMeter(label: Self.prefix + name, dimensions: labels).set(value)
    }
}
