import Configuration
import Foundation
import Logging
import Testing

@testable import martlet_collector

@Suite("Settings")
struct SettingsTests {
    /// Settings of a file with some content, an environment and flags.
    private func settings(
        file: String? = nil,
        environment: [String: String] = [:],
        flags: [Settings.Key: ConfigValue] = [:]
    ) async throws -> Settings {
        guard let file else {
            return try await Settings(flags: flags, environment: environment, file: nil)
        }
        let path = NSTemporaryDirectory() + UUID().uuidString + ".json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(file.utf8).write(to: URL(filePath: path))
        return try await Settings(flags: flags, environment: environment, file: path)
    }

    @Test("a flag goes before the environment, that before the file, that before the default")
    func order() async throws {
        let file = """
            {"data": "f", "port": 1, "host": "1.1.1.1", "device": {"port": 4}, \
            "limits": {"requestSeconds": 3}}
            """
        let settings = try await settings(
            file: file,
            environment: [
                "MARTLET_COLLECTOR_PORT": "2", "MARTLET_COLLECTOR_HOST": "2.2.2.2",
                "MARTLET_COLLECTOR_LIMITS_IDLE_SECONDS": "9",
            ],
            flags: [.port: 3]
        )
        #expect(settings.dataPath == "f")
        #expect(settings.address == Collector.Address(host: "2.2.2.2", port: 3))
        #expect(settings.deviceAddress == Collector.Address(host: "127.0.0.1", port: 4))
        #expect(settings.limits.requestMilliseconds == 3_000)
        #expect(settings.limits.idleMilliseconds == 9_000)
        #expect(settings.limits.connectionCountMax == 4_096)
        #expect(settings.logLevel == .info)
    }

    @Test("without any source but the folder the defaults hold")
    func defaults() async throws {
        let settings = try await settings(flags: [.data: "d"])
        #expect(settings.address == Collector.Address(host: "127.0.0.1", port: 8_080))
        #expect(settings.deviceAddress == nil)
        #expect(settings.silentMilliseconds == 3_600_000)
    }

    @Test(
        "a key that means nothing, a value of the wrong kind and broken JSON are refused",
        arguments: [
            #"{"prot": 1}"#, #"{"device": {"hots": "a"}}"#, #"{"port": "many"}"#, "[]", "{",
            #"{"port": -1}"#, #"{"limits": {"connections": 0}}"#, #"{"host": ""}"#,
            #"{"device": {"host": "0.0.0.0"}}"#,
        ]
    )
    func refused(file: String) async throws {
        await #expect(throws: CollectorError.self) {
            _ = try await settings(file: file, flags: [.data: "d"])
        }
    }
}
