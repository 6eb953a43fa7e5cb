import ArgumentParser
import Firmware
import Terminal

/// Compares two images.
struct ImageDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show which partitions, files and bytes of two images differ.",
        discussion: """
            Exits with 0 when the images hold the same bytes, 6 when they differ, and 4 or 7 when \
            one of them cannot be read.
            """
    )

    @Argument(help: "The first image.")
    var first: String

    @Argument(help: "The second image.")
    var second: String

    @Flag(help: "Print the result as JSON.")
    var json = false

    mutating func run() throws {
        let difference: ImageDifference
        do {
            difference = try ImageDifference(
                first,
                second,
                cancellation: Interruption.cancellation()
            )
        } catch {
            throw Failure(image: error, place: "\(first), \(second)")
        }
        if json {
            try Console.printJSON(difference)
        } else {
            printLines(difference)
        }
        guard difference.isEmpty else { throw Failure(.gate, "the images differ") }
    }

    private func printLines(_ difference: ImageDifference) {
        guard !difference.isEmpty else { return Console.printLine("the images are the same") }
        for line in difference.table { Console.printLine("table: \(line)") }
        for partition in difference.partitions {
            let name = "partition \(partition.number) \(partition.name)"
            for file in partition.files {
                Console.printLine("\(name): \(file.path): \(file.difference)")
            }
            Console.printLine("\(name): bytes \(partition.byteRanges.joined(separator: ", "))")
        }
        guard !difference.byteRanges.isEmpty else { return }
        Console.printLine("elsewhere: bytes \(difference.byteRanges.joined(separator: ", "))")
    }
}
