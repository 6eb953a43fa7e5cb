import ArgumentParser
import Firmware
import Terminal

/// Shows what an image holds.
struct ImageInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show an image's partition table, file systems, files and boot environment.",
        discussion: """
            Nothing in the image is believed. Exits with 4 when there is no partition table that \
            can be read; what is wrong inside partitions is told.
            """
    )

    @Argument(help: "The image.")
    var image: String

    @Flag(help: "Print the result as JSON.")
    var json = false

    mutating func run() throws {
        let inspection: ImageInspection
        do {
            inspection = try ImageInspection(image, cancellation: Interruption.cancellation())
        } catch {
            throw Failure(image: error, place: image)
        }
        guard !json else { return try Console.printJSON(inspection) }
        Console.printLine(
            "\(image): \(inspection.table) \(inspection.diskIdentifier), "
                + "\(inspection.sizeBytes) bytes, \(inspection.allocatedBytes) on the disk"
        )
        if let problem = inspection.tableProblem { Console.printLine("damaged: \(problem)") }
        Console.printLine("block map: \(inspection.blockMap.rawValue)")
        for variable in inspection.bootEnvironment { Console.printLine("boot: \(variable)") }
        let rows = inspection.partitions.map {
            [
                "\($0.number)", $0.name, $0.kind, "\($0.startBytes)", "\($0.sizeBytes)",
                $0.fileSystem, $0.problem ?? "\($0.files.count)",
            ]
        }
        let head = ["#", "name", "kind", "start", "size", "file system", "files"]
        Console.printTable([head] + rows)
        for partition in inspection.partitions where !partition.files.isEmpty {
            Console.printLine("")
            // An MBR names no partition.
            let name = partition.name.isEmpty ? "" : " " + partition.name
            Console.printLine("partition \(partition.number)\(name):")
            Console.printTable(
                partition.files.map { [$0.kind, $0.access, "\($0.sizeBytes)", $0.path] }
            )
        }
    }
}
