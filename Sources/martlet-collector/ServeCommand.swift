import ArgumentParser
import Configuration
import CoreMetrics
import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Terminal

/// Runs the server.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Take reports from devices and show the fleet.",
        discussion: """
            Prints one line, "listening on http://HOST:PORT", when it is ready; logs go to \
            standard error. SIGTERM and SIGINT end it in order: requests are answered and waiting \
            reports stored.

            Each setting comes from its flag, else from the environment (MARTLET_COLLECTOR_PORT \
            for --port), else from the configuration file, else it has its default. The pages have \
            no login: keep --host on a trusted network, and give devices --device-host and \
            --device-port.
            """
    )

    @Option(help: "The data directory; it is made when missing.")
    var data: String?

    @Option(help: "The address to listen on. (default: 127.0.0.1)")
    var host: String?

    @Option(help: "The port to listen on; 0 for any free one. (default: 8080)")
    var port: Int?

    @Option(help: "The address of a second listener, for devices alone. (default: 127.0.0.1)")
    var deviceHost: String?

    @Option(help: "The port of the second listener. Without it the first one serves devices too.")
    var devicePort: Int?

    @Option(help: "How much to log: trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    @Option(help: "A JSON file with settings.", completion: .file(extensions: ["json"]))
    var config: String?

    mutating func run() async throws {
        let settings = try await Settings(
            flags: flags,
            environment: ProcessInfo.processInfo.environment,
            file: config
        )
        let directory = try DataDirectory(path: settings.dataPath)
        let lock = try DirectoryLock(directory)
        try await Server(settings, directory).run()
        _ = consume lock
    }

    private var flags: [Settings.Key: ConfigValue] {
        var flags: [Settings.Key: ConfigValue] = [:]
        let texts: [(Settings.Key, String?)] = [
            (.data, data), (.host, host), (.deviceHost, deviceHost), (.logLevel, logLevel),
        ]
        for case (let key, let text?) in texts { flags[key] = ConfigValue(stringLiteral: text) }
        for case (let key, let number?) in [(Settings.Key.port, port), (.devicePort, devicePort)] {
            flags[key] = ConfigValue(integerLiteral: number)
        }
        return flags
    }
}

/// The process that serves.
private struct Server {
    private let settings: Settings
    private let collector: Collector
    private let logger: Logger

    init(_ settings: Settings, _ directory: DataDirectory) throws {
        self.settings = settings
        let level = settings.logLevel
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        logger = Logger(label: "martlet-collector")
        collector = Collector(
            store: try TelemetryStore(path: directory.databasePath, limits: settings.limits),
            keys: try KeyFile.load(directory),
            limits: settings.limits,
            silentMilliseconds: settings.silentMilliseconds,
            logger: logger
        )
        MetricsSystem.bootstrap(collector.metrics.registry)
    }

    /// Serves until a signal asks for the end.
    func run() async throws {
        defer { collector.store.close() }
        do {
            try await application.runService()
        } catch let error as IOError {
            throw unusable(String(cString: strerror(error.errnoCode)).lowercased())
        } catch let error as SocketAddressError {
            throw unusable("\(error)")
        }
    }

    private func unusable(_ reason: String) -> CollectorError {
        let addresses = [settings.address, settings.deviceAddress].compactMap(\.self)
        return .addressUnusable(
            address: addresses.map(\.url).joined(separator: " or "),
            reason: reason
        )
    }

    /// The listener for people, which ends before everything that it needs.
    private var application: Application<RouteTable> {
        guard let deviceAddress = settings.deviceAddress else {
            return collector.listener(
                collector.operatorRoutes + collector.deviceRoutes,
                at: settings.address,
                services: [collector.queue],
                onListening: Self.announce
            )
        }
        let (bound, binder) = AsyncStream.makeStream(of: Collector.Address.self)
        let devices = collector.listener(collector.deviceRoutes, at: deviceAddress) { address in
            binder.yield(address)
        }
        var application = collector.listener(
            collector.operatorRoutes,
            at: settings.address,
            services: [collector.queue, devices],
            onListening: Self.announce
        )
        // The line that says ready speaks for both listeners.
        let logger = logger
        application.beforeServerStarts {
            for await address in bound {
                logger.info("devices are served at \(address.url)")
                return
            }
        }
        return application
    }

    @Sendable private static func announce(_ address: Collector.Address) {
        Console.printLine("listening on \(address.url)")
    }
}
