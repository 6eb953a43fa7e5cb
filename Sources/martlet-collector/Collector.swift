import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// All parts of a running collector, put together.
struct Collector: Sendable {
    /// Where a listener is reached.
    struct Address: Sendable, Equatable {
        var host: String
        /// 0 for any free port.
        var port: Int

        /// The address as a URL.
        var url: String { "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
    }

    let store: TelemetryStore
    let queue: CommitQueue
    let metrics: CollectorMetrics
    private let keys: CollectorKeys
    private let limits: Limits
    private let silentMilliseconds: Int64
    private let logger: Logger

    /// Opens the store; nothing runs yet.
    init(
        store: TelemetryStore,
        keys: CollectorKeys,
        limits: Limits,
        silentMilliseconds: Int64,
        logger: Logger
    ) {
        self.store = store
        self.keys = keys
        self.limits = limits
        self.silentMilliseconds = silentMilliseconds
        self.logger = logger
        metrics = CollectorMetrics()
        queue = CommitQueue(store: store, limits: limits, metrics: metrics, logger: logger)
    }

    /// The routes for devices.
    var deviceRoutes: [Route] {
        let ingest = Ingest(
            keys: keys,
            store: store,
            queue: queue,
            devices: KnownDevices(store: store),
            metrics: metrics,
            logger: logger
        )
        let enrolment = Enrolment(keys: keys, store: store, metrics: metrics, logger: logger)
        return DevicePlane(ingest: ingest, enrolment: enrolment).routes
    }

    /// The routes for people and programs.
    var operatorRoutes: [Route] {
        HealthRoutes(store: store, queue: queue, metrics: metrics).routes
            + APIRoutes(store: store, silentMilliseconds: silentMilliseconds).routes
            + PageRoutes(store: store, silentMilliseconds: silentMilliseconds).routes
    }

    /// The server of some routes.
    ///
    /// - Parameters:
    ///   - routes: what it answers.
    ///   - address: where it listens.
    ///   - services: what runs until the server has stopped.
    ///   - onListening: called once with the bound address.
    /// - Returns: The server, which does not run yet.
    func listener(
        _ routes: [Route],
        at address: Address,
        services: [any Service] = [],
        onListening: @escaping @Sendable (Address) async -> Void
    ) -> Application<RouteTable> {
        let metrics = metrics
        let limits = limits
        return Application(
            responder: RouteTable(routes: routes, metrics: metrics, logger: logger),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [
                        ConnectionDeadlineInstaller(
                            ConnectionDeadline(limits: limits) { metrics.connectionCut($0) }
                        )
                    ],
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: Limits.headerSizeMax,
                        maxHeaderListSize: Limits.headerSizeMax,
                        maxHeaderFieldCount: Limits.headerCountMax
                    )
                )
            ),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port),
                availableConnectionsDelegate: .maximum(limits.connectionCountMax, logger: logger)
            ),
            services: services,
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? address.port
                await onListening(Address(host: address.host, port: port))
            },
            logger: logger
        )
    }
}
