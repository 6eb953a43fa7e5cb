import BundleFormat
import Foundation
import GRDB
import Hummingbird
import Logging
import ServiceLifecycle
import Telemetry
import Testing

@testable import martlet_collector

/// A real collector on a free port of the loopback, in a folder of its own.
final class TestCollector: Sendable {
    // A class, because its folder is removed with it.
    let folder: String
    let keys: CollectorKeys
    let store: TelemetryStore
    let collector: Collector

    init(limits: Limits = Limits(), folder: String? = nil) throws {
        self.folder = folder ?? NSTemporaryDirectory() + "collector-" + UUID().uuidString
        let directory = try DataDirectory(path: self.folder)
        keys = try KeyFile.load(directory)
        store = try TelemetryStore(path: directory.databasePath, limits: limits)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        collector = Collector(
            store: store,
            keys: keys,
            limits: limits,
            silentMilliseconds: 3_600_000,
            logger: logger
        )
    }

    deinit { store.close() }

    /// Runs the collector during a test and stops it in order.
    ///
    /// When `runsQueue` is false, what is submitted is not stored.
    func serve<Value: Sendable>(
        runsQueue: Bool = true,
        _ body: @Sendable (HTTPClient) async throws -> Value
    ) async throws -> Value {
        let (ports, binder) = AsyncStream.makeStream(of: Int.self)
        let server = collector.listener(
            collector.operatorRoutes + collector.deviceRoutes,
            at: Collector.Address(host: "127.0.0.1", port: 0),
            services: runsQueue ? [collector.queue] : []
        ) { binder.yield($0.port) }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let group = ServiceGroup(configuration: .init(services: [server], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(HTTPClient(port: port)))
            } catch {
                result = .failure(error)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return try result.get()
        }
    }

    /// Whether so many connections were cut for a reason; asked without the network, where the
    /// limits that a test chose might cut the question.
    func hasCut(_ reason: String, _ count: Int) -> Bool {
        let line = "martlet_collector_connections_cut_total{reason=\"\(reason)\"} \(count)\n"
        return collector.metrics.registry.text().contains(line)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// A token that is known to the store.
    func token(uses: Int64 = 1, expiresIn milliseconds: Int64 = 3_600_000) async throws -> [UInt8] {
        let token = Sodium.randomBytes(count: 32)
        try await store.createToken(
            hash: Sodium.blake2b(token),
            note: "",
            usesMax: uses,
            expiresAt: ServerTime.now() + milliseconds,
            now: ServerTime.now()
        )
        return token
    }

    /// A device that is enrolled without the network.
    func enrolled(name: String = "device") async throws -> SimulatedDevice {
        let device = SimulatedDevice(collector: keys.identity, name: name)
        let outcome = try await store.enrol(
            device.id,
            publicKey: device.identity.publicKey.bytes,
            name: name,
            tokenHash: Sodium.blake2b(try await token()),
            now: ServerTime.now()
        )
        #expect(outcome == .enrolled)
        return device
    }

    /// (epoch, sequence) of every stored report, read with SQL of the test's own.
    func stored() throws -> [[Int64]] {
        try store.pool.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT epoch, sequence FROM reports ORDER BY epoch, sequence"
            ).map { [$0[0], $0[1]] }
        }
    }

    /// One number, read with SQL of the test's own.
    func number(_ sql: String) throws -> Int64? {
        try store.pool.read { try Int64.fetchOne($0, sql: sql) }
    }
}
