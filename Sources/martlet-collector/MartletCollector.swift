import ArgumentParser
import Foundation

/// The collector: enrols devices, stores their reports exactly once and shows them.
@main
struct MartletCollector: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet-collector",
        abstract: "Enrol devices, store their reports exactly once, and show the fleet.",
        discussion: """
            Everything lives in one data directory: the database, the collector's keys and a lock. \
            All commands may be used while a server runs on the same directory.

            Exit codes: 0 ok, 1 internal error, 2 usage, 3 refused as unsafe, 4 authentication or \
            integrity, 7 input or output, 8 no space.
            """,
        version: Version.text,
        subcommands: [
            ServeCommand.self, IdentityCommand.self, TokenCommand.self, DeviceCommand.self,
        ]
    )

    /// Runs the named command and ends the process with its documented exit status.
    static func main() async {
        Foundation.exit(await status(of: Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    private static func status(of arguments: [String]) async -> ExitStatus {
        do {
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return .success
        } catch {
            return report(error)
        }
    }

    private static func report(_ error: any Error) -> ExitStatus {
        if let failure = Failure(describing: error) {
            Console.note(failure.message)
            return failure.status
        }
        // Help, version and completion scripts arrive as errors with exit code 0.
        let text = fullMessage(for: error)
        guard exitCode(for: error) != .success else {
            print(text)
            return .success
        }
        Console.note(text)
        return exitCode(for: error) == .validationFailure ? .usage : .internalError
    }
}

/// The version of the collector, which it reports in its metrics and its OpenAPI document.
enum Version {
    static let text = "0.1.0"
}
