import ArgumentParser
import Foundation
import Telemetry
import Terminal

/// The data directory of a command that needs no server.
struct DataOption: ParsableArguments {
    @Option(help: "The data directory. (default: $MARTLET_COLLECTOR_DATA)", completion: .directory)
    var data: String?

    /// Opens the directory, and makes it when it is missing.
    func directory() throws(CollectorError) -> DataDirectory {
        let variable = "MARTLET_COLLECTOR_DATA"
        guard let path = data ?? ProcessInfo.processInfo.environment[variable], !path.isEmpty
        else { throw .settingMalformed(key: "data", rule: "pass --data DIR") }
        return try DataDirectory(path: path)
    }

    /// Runs a command on the directory's database.
    func withStore<Value>(
        _ body: (TelemetryStore) async throws -> Value
    ) async throws -> Value {
        let store = try TelemetryStore(path: try directory().databasePath)
        defer { store.close() }
        return try await body(store)
    }
}

/// Prints the collector's public keys.
struct IdentityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity",
        abstract: "Print the line by which devices know this collector.",
        discussion: """
            The line holds public keys only. The secret ones are made on the first use, in \
            identity.key (mode 0600) of the data directory; back that file up, for devices trust \
            no other keys.
            """
    )

    @OptionGroup var data: DataOption

    mutating func run() throws {
        let keys = try KeyFile.load(try data.directory())
        Console.printLine(String(decoding: keys.identity.line, as: UTF8.self))
    }
}
