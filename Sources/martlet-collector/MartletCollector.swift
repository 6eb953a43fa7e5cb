import ArgumentParser
import Foundation
import Terminal

/// The collector: enrols devices, stores their reports exactly once and shows them.
@main
struct MartletCollector: AsyncParsableCommand, RootCommand {
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

    static func failure(describing error: any Error) -> Failure? {
        (error as? CollectorError)?.failure
    }
}
