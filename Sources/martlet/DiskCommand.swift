import ArgumentParser
import Firmware
import Terminal

/// Commands on the disks of this machine.
struct DiskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disk",
        abstract: "Show the disks of this machine and which may be flashed.",
        subcommands: [ListCommand.self]
    )

    struct ListCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List all disks with what uses them.",
            discussion: """
                A disk that the running system stands on, directly or through LUKS, LVM, RAID, \
                multipath, loop devices, ZFS or btrfs, is never flashed without its serial \
                number; a disk in other use must be let go first.
                """
        )

        @Flag(help: "Print the result as JSON.")
        var json = false

        @Option(help: "The root folder of the system, such as that of a recorded tree.")
        var systemRoot = "/"

        mutating func run() throws {
            let inventory: DiskInventory
            do {
                inventory = try DiskInventory(systemRoot: systemRoot)
            } catch {
                throw Failure(
                    .io,
                    "the disks cannot be told: \(error)",
                    place: systemRoot,
                    help: "no disk is flashed before this is understood"
                )
            }
            let rows = inventory.disks.map { DiskListing(disk: $0, inventory: inventory) }
            if json {
                return try Console.printJSON(Answer(hiddenRoot: inventory.hiddenRoot, disks: rows))
            }
            // Every machine has loop devices without a file.
            let shown = rows.filter { $0.mediaClass != "loop" || $0.sizeBytes > 0 }
            Self.printText(shown, hiddenRoot: inventory.hiddenRoot)
        }

        private static func printText(_ disks: [DiskListing], hiddenRoot: String?) {
            if let hiddenRoot {
                Console.note("what the root file system (\(hiddenRoot)) stands on cannot be found")
            }
            let head = ["DISK", "BYTES", "CLASS", "MODEL", "SERIAL", "FLASH"]
            Console.printTable(
                [head]
                    + disks.map { disk in
                        [
                            disk.device, "\(disk.sizeBytes)", disk.mediaClass,
                            [disk.vendor, disk.model].compactMap(\.self).joined(separator: " "),
                            disk.serial ?? "-", disk.verdict.words,
                        ]
                    }
            )
            for disk in disks {
                for reason in disk.verdict.reasons.prefix(reasonCountMax) {
                    Console.printLine("\(disk.device): \(reason)")
                }
                let rest = disk.verdict.reasons.count - reasonCountMax
                if rest > 0 { Console.printLine("\(disk.device): and \(rest) more (--json)") }
            }
        }

        private struct Answer: Encodable {
            let hiddenRoot: String?
            let disks: [DiskListing]
        }

        /// A machine full of containers has hundreds of mounts; the strongest come first.
        private static let reasonCountMax = 8
    }
}
