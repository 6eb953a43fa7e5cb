import Configuration
import Foundation
import Logging
import SystemPackage

/// How a server runs.
///
/// Each setting comes from the first of: its flag, its environment variable, the configuration
/// file, its default.
struct Settings: Sendable {
    /// The names of all settings, as the configuration file has them.
    enum Key: String, CaseIterable {
        case data, host, port
        case deviceHost = "device.host"
        case devicePort = "device.port"
        case logLevel = "log.level"
        case requestSeconds = "limits.requestSeconds"
        case idleSeconds = "limits.idleSeconds"
        case connections = "limits.connections"
        case silentMinutes = "pages.silentMinutes"

        var configKey: ConfigKey { ConfigKey(rawValue) }
    }

    /// What the environment's variables begin with.
    static let environmentPrefix: ConfigKey = "martlet.collector"

    var dataPath: String
    var address: Collector.Address
    /// The listener that serves devices alone; `nil` when one listener serves all.
    var deviceAddress: Collector.Address?
    var logLevel: Logger.Level
    var limits = Limits()
    /// After how long without a batch a device is shown as silent.
    var silentMilliseconds: Int64

    /// Reads all settings.
    ///
    /// - Parameters:
    ///   - flags: the settings of the command line.
    ///   - environment: the environment's variables.
    ///   - file: the configuration file's path, if there is one.
    /// - Throws: `CollectorError` that names the first setting that cannot be used.
    init(
        flags: [Key: ConfigValue],
        environment: [String: String],
        file: String?
    ) async throws(CollectorError) {
        let reader = try await SettingsReader(flags, environment, file)
        dataPath = try reader.text(.data, rule: "pass --data DIR")
        address = Collector.Address(
            host: try reader.text(.host, rule: "pass a host name or an address"),
            port: try reader.number(.port, in: 0...65_535)
        )
        let deviceHost = try reader.text(.deviceHost, rule: "pass a host name or an address")
        let devicePort = try reader.number(.devicePort, in: -1...65_535)
        if devicePort >= 0 {
            deviceAddress = Collector.Address(host: deviceHost, port: devicePort)
        } else if Settings.defaults[.deviceHost] != ConfigValue(stringLiteral: deviceHost) {
            throw .settingMalformed(
                key: Key.devicePort.rawValue,
                rule: "pass --device-port with --device-host"
            )
        }
        let level = try reader.text(.logLevel, rule: Settings.levelRule)
        guard let logLevel = Logger.Level(rawValue: level) else {
            throw .settingMalformed(key: Key.logLevel.rawValue, rule: Settings.levelRule)
        }
        self.logLevel = logLevel
        limits.requestMilliseconds = try reader.number(.requestSeconds, in: 1...600) * 1_000
        limits.idleMilliseconds = try reader.number(.idleSeconds, in: 1...3_600) * 1_000
        limits.connectionCountMax = try reader.number(.connections, in: 1...1_000_000)
        silentMilliseconds = Int64(try reader.number(.silentMinutes, in: 1...1_000_000)) * 60_000
    }

    private static let levelRule =
        "pass one of " + Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")

    fileprivate static let defaults: [Key: ConfigValue] = [
        .host: "127.0.0.1", .port: 8_080, .deviceHost: "127.0.0.1", .devicePort: -1,
        .logLevel: "info", .requestSeconds: 10, .idleSeconds: 75, .connections: 4_096,
        .silentMinutes: 60,
    ]
}

/// Reads settings from all their sources.
private struct SettingsReader {
    /// A configuration of ten settings has a few hundred bytes.
    private static let fileSizeMax = 65_536

    private let reader: ConfigReader

    init(
        _ flags: [Settings.Key: ConfigValue],
        _ environment: [String: String],
        _ file: String?
    ) async throws(CollectorError) {
        var providers: [any ConfigProvider] = [
            Self.provider("flags", flags),
            EnvironmentVariablesProvider(environmentVariables: environment)
                .prefixKeys(with: Settings.environmentPrefix),
        ]
        if let file {
            try Self.checkKeys(of: file)
            do {
                providers.append(try await FileProvider<JSONSnapshot>(filePath: FilePath(file)))
            } catch {
                throw .configurationUnreadable(path: file, reason: "\(error)")
            }
        }
        providers.append(Self.provider("defaults", Settings.defaults))
        reader = ConfigReader(providers: providers)
    }

    private static func provider(
        _ name: String,
        _ values: [Settings.Key: ConfigValue]
    ) -> InMemoryProvider {
        let pairs = values.map { (AbsoluteConfigKey($0.key.configKey), $0.value) }
        return InMemoryProvider(
            name: name,
            values: Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        )
    }

    /// Refuses a file with a key that means nothing: it would be a setting without effect.
    private static func checkKeys(of file: String) throws(CollectorError) {
        guard let content = FileManager.default.contents(atPath: file),
            content.count <= fileSizeMax
        else { throw .configurationUnreadable(path: file, reason: "missing or too large") }
        guard let object = try? JSONSerialization.jsonObject(with: content) as? [String: Any]
        else { throw .configurationUnreadable(path: file, reason: "not a JSON object") }
        var names: [String] = []
        for (name, value) in object {
            guard let group = value as? [String: Any] else {
                names.append(name)
                continue
            }
            names += group.keys.map { "\(name).\($0)" }
        }
        for name in names.sorted() where Settings.Key(rawValue: name) == nil {
            throw .settingMalformed(key: name, rule: "Configuration.md names all keys")
        }
    }

    func text(_ key: Settings.Key, rule: String) throws(CollectorError) -> String {
        guard let text = try? reader.requiredString(forKey: key.configKey), !text.isEmpty else {
            throw .settingMalformed(key: key.rawValue, rule: rule)
        }
        return text
    }

    func number(_ key: Settings.Key, in range: ClosedRange<Int>) throws(CollectorError) -> Int {
        guard let number = try? reader.requiredInt(forKey: key.configKey), range.contains(number)
        else {
            throw .settingMalformed(
                key: key.rawValue,
                rule: "pass a number from \(max(range.lowerBound, 0)) to \(range.upperBound)"
            )
        }
        return number
    }
}
