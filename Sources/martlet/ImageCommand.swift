import ArgumentParser
import Firmware
import Foundation
import Terminal

/// Commands on firmware profiles.
struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Check the storage layout of devices.",
        subcommands: [CheckCommand.self]
    )

    struct CheckCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Find overlaps, misalignment and lack of room in a firmware profile."
        )

        @Option(help: "A firmware profile, such as firmware-profiles/data-only.yaml.")
        var profile: String

        mutating func run() throws {
            let bytes = try InputFile.read(profile, limitBytes: FirmwareProfile.textSizeMax)
            let profile = try readProfile(String(decoding: bytes, as: UTF8.self))
            let problems = profile.problems()
            for problem in problems { Console.note("\(profile.name): \(problem)") }
            guard problems.isEmpty else {
                throw Failure(
                    .unsafe,
                    "the profile has \(problems.count) problem(s)",
                    place: self.profile
                )
            }
            Console.printLine("\(profile.name): \(profile.description): ok")
        }

        private func readProfile(_ text: String) throws -> FirmwareProfile {
            do {
                return try FirmwareProfile(yaml: text)
            } catch {
                throw Failure(.usage, "this is not a firmware profile: \(error)", place: profile)
            }
        }
    }
}
