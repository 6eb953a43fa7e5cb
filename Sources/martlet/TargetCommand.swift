import ArgumentParser
import Foundation
import Terminal

/// Commands on target profiles.
struct TargetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "target",
        abstract: "Show the classes of device that bundles are built for.",
        subcommands: [ListCommand.self, ShowCommand.self]
    )

    struct ListCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List all target profiles."
        )

        @Flag(help: "Print the result as JSON.")
        var json = false

        mutating func run() throws {
            let profiles = try TargetFolder.names().map(TargetProfileFile.read)
            if json { return try Console.printJSON(profiles) }
            Console.printTable(profiles.map { [$0.name, $0.description] })
        }
    }

    struct ShowCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show one target profile."
        )

        @Argument(help: "The profile's name or file.")
        var target: String

        @Flag(help: "Print the result as JSON.")
        var json = false

        mutating func run() throws {
            let profile = try TargetProfileFile.read(target)
            if json { return try Console.printJSON(profile) }
            Console.printTable([
                ["name", profile.name],
                ["description", profile.description],
                ["architectures", profile.architectures.joined(separator: ", ")],
                ["kernel tier", profile.kernelTier],
                ["memory", "\(profile.memoryBytes) bytes"],
                ["page size", "\(profile.pageSizeBytes) bytes"],
                ["agent budget", "\(profile.budgets.agentBytes) bytes"],
                ["resident overhead budget", "\(profile.budgets.residentOverheadBytes) bytes"],
            ])
        }
    }
}
