import ArgumentParser
import Foundation
import Packager

/// Commands on signing keys.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make the keys that sign bundles.",
        subcommands: [GenerateCommand.self]
    )
}
