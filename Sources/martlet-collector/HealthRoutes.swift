import Hummingbird
import Synchronization

/// The routes by which machines watch the collector.
struct HealthRoutes: Sendable {
    let store: TelemetryStore
    let queue: CommitQueue
    let metrics: CollectorMetrics
    private let check: HealthCheck

    init(store: TelemetryStore, queue: CommitQueue, metrics: CollectorMetrics) {
        self.store = store
        self.queue = queue
        self.metrics = metrics
        check = HealthCheck(store: store)
    }

    /// The answer of a healthy collector.
    struct Health: Codable, Equatable {
        let status: String
    }

    var routes: [Route] {
        [
            Route(.get, "/healthz") { _ in
                try await check.run()
                return try Answer.json(Health(status: "ok"))
            },
            Route(.get, "/metrics") { _ in
                let size = try await store.size()
                metrics.measure(
                    queueCount: queue.count,
                    deviceCount: size.deviceCount,
                    databaseSizeBytes: size.sizeBytes
                )
                return Answer.body(
                    [UInt8](metrics.registry.text().utf8),
                    contentType: PrometheusText.contentType
                )
            },
        ]
    }
}

/// Asks whether the database can store, at most once a second however often it is asked.
private final class HealthCheck: Sendable {
    // A class, because all requests share the last answer.
    private let store: TelemetryStore
    private let passedAt = Mutex<ContinuousClock.Instant?>(nil)

    init(store: TelemetryStore) { self.store = store }

    func run() async throws {
        let now = ContinuousClock.now
        if let last = passedAt.withLock({ $0 }), now - last < .seconds(1) { return }
        try await store.checkHealth(now: ServerTime.now())
        passedAt.withLock { $0 = now }
    }
}
