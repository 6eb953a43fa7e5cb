import ArgumentParser

/// Commands on firmware images and their profiles.
struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Build, inspect and compare images of devices' storage.",
        subcommands: [
            ImageBuildCommand.self, ImageInspectCommand.self, ImageDiffCommand.self,
            ImageCheckCommand.self,
        ]
    )
}
