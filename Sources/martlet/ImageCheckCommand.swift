import ArgumentParser
import Firmware
import Terminal

/// Checks a firmware profile, and its inputs where they are given.
struct ImageCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Find overlaps, misalignment, missing content and lack of room in a profile.",
        discussion: """
            With --inputs or --input, the inputs are checked too. Exits with 0 when the profile is \
            sound, and 3 when it has problems, each of which is told.
            """
    )

    @OptionGroup var options: ImageProfileOptions

    @Flag(help: "Print the result as JSON.")
    var json = false

    private struct Result: Encodable {
        let profile: String
        let description: String
        let problems: [String]
    }

    mutating func run() throws {
        let profile = try options.readProfile()
        let targets = Set((try? TargetFolder.names()) ?? [])
        var problems = profile.problems(knownTargets: targets).map(\.description)
        let inputs = try options.readInputs(profile)
        if options.inputs != nil || !inputs.isEmpty {
            problems += ImageRecipe.inputProblems(of: profile, inputs: inputs)
        }
        if profile.disk != nil {
            do { _ = try DiskLayout(profile) } catch {
                if !problems.contains("\(error)") { problems.append("\(error)") }
            }
        }
        if json {
            try Console.printJSON(
                Result(
                    profile: profile.name,
                    description: profile.description,
                    problems: problems
                )
            )
        } else {
            for problem in problems { Console.note("\(profile.name): \(problem)") }
        }
        guard problems.isEmpty else {
            throw Failure(
                .unsafe,
                "the profile has \(problems.count) problem(s)",
                place: options.profile
            )
        }
        if !json { Console.printLine("\(profile.name): \(profile.description): ok") }
    }
}
