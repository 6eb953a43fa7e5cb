import ArgumentParser
import Foundation
import Terminal

/// Commands on target profiles.
struct TargetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "target",
        abstract: "Show the classes of device that bundles are built for.",
        discussion: """
            A target profile is a file targets/NAME.yaml: architecture, processor features, kernel \
            tier, memory, page size, budgets, and how a board of the class is recognised.
            """,
        subcommands: [ListCommand.self, ShowCommand.self, TargetDetectCommand.self]
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
            if json { return try Console.printJSON(profiles.map(TargetDescription.init)) }
            let rows = profiles.map { profile in
                [
                    profile.name, profile.architectures.joined(separator: ","),
                    profile.kernelTier, "\(profile.memoryBytes >> 20) MiB", profile.description,
                ]
            }
            Console.printTable([["name", "architecture", "tier", "memory", "description"]] + rows)
        }
    }

    struct ShowCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show one target profile, its numbers and where they come from."
        )

        @Argument(help: "The profile's name or file.")
        var target: String

        @Flag(help: "Print the result as JSON.")
        var json = false

        mutating func run() throws {
            let profile = try TargetProfileFile.read(target)
            if json { return try Console.printJSON(TargetDescription(profile: profile)) }
            let features = profile.cpuFeatures ?? []
            let marks = profile.recognisedBy?.marks ?? []
            Console.printTable(
                [
                    ["name", profile.name],
                    ["description", profile.description],
                    ["architectures", profile.architectures.joined(separator: ", ")],
                    ["kernel tier", profile.tierText],
                    [
                        "processor features",
                        features.isEmpty ? "-" : features.joined(separator: " "),
                    ],
                    ["memory", "\(profile.memoryBytes) bytes"],
                    ["page size", "\(profile.pageSizeBytes) bytes"],
                    ["recognised by", marks.isEmpty ? "-" : marks.joined(separator: " ")],
                    ["agent budget", "\(profile.budgets.agentBytes) bytes"],
                    ["resident overhead budget", "\(profile.budgets.residentOverheadBytes) bytes"],
                ] + (profile.sources ?? []).map { ["source", $0] }
            )
        }
    }
}

extension TargetProfileFile {
    /// The named tier, and what is used in its place as long as it has no kernels.
    fileprivate var tierText: String {
        guard kernelTier != kernelTierInUse else { return kernelTier }
        return "\(kernelTier) (it has no kernels yet: the \(kernelTierInUse) ones are used, "
            + "with the same bits)"
    }
}

/// A profile as programs read it: the file's keys and what follows from them.
private struct TargetDescription: Encodable {
    let profile: TargetProfileFile

    private enum Key: String, CodingKey {
        case kernelTierInUse = "kernel-tier-in-use"
    }

    func encode(to encoder: any Encoder) throws {
        try profile.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(profile.kernelTierInUse, forKey: .kernelTierInUse)
    }
}
