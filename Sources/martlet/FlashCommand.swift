import ArgumentParser
import Firmware
import Foundation
import Terminal

/// Brings an image onto cards and disks.
struct FlashCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flash",
        abstract: "Write an image to cards, disks or files, read it back and compare.",
        discussion: """
            The plan is printed first. Nothing is written before it is agreed to: by typing yes on \
            a terminal, or with --yes, which wants the serial number of each disk as well, or \
            --any-serial. A disk that this machine may need is never flashed without its serial \
            number. The partition table is written last, so that an interrupted card does not \
            boot; --resume continues.

            With --json each line of the output is a record: the plan, progress {"phase", \
            "device", "percent", "bytes", "totalBytes", "etaSeconds"}, and at the end {"exitCode", \
            "error", "devices"}. With --framed each record is preceded by its length, 4 bytes, \
            big endian.

            Exit codes: 0 all devices hold the image, 2 usage, 3 refused as unsafe, 4 the image is \
            not its block map's or the read-back differs, 7 input or output, or stopped by a \
            signal, 8 the device is too small or full.
            """
    )

    @Argument(help: "The image, as 'martlet image build' makes it.")
    var image: String

    @Option(help: "A device or file to write to; repeat for several at once.")
    var device: [String] = []

    @Option(
        help:
            "A firmware profile, by name or path: media classes, smallest medium and verification."
    )
    var profile: String?

    @Option(help: "The block map; by default IMAGE.bmap where it exists.")
    var bmap: String?

    @Option(help: "The serial number of a disk that is not flashed without it; repeatable.")
    var serial: [String] = []

    @Flag(help: "Write without asking; a disk is named by its serial number too.")
    var yes = false

    @Flag(help: "With --yes, take any portable medium that is in the named drive.")
    var anySerial = false

    @Flag(help: "Print the plan and write nothing.")
    var dryRun = false

    @Flag(help: "Continue an interrupted flash: read first, write only what differs.")
    var resume = false

    @Flag(help: "Read first and write only what differs, to spare the medium.")
    var minimizeWrites = false

    @Flag(help: "Do not read back and compare.")
    var noVerify = false

    @Flag(help: "Grow the last partition to the end of the medium.")
    var expand = false

    @Flag(help: "Declare the whole medium unused first.")
    var discard = false

    @Flag(help: "Try whether the medium has the size that it claims.")
    var probe = false

    @Flag(help: "Print records, one a line, as JSON.")
    var json = false

    @Flag(help: "Print records as JSON, each after its length.")
    var framed = false

    @Option(help: "Append a line of CSV for each device to this file.")
    var log: String?

    @Option(help: "The root folder of the system, such as that of a recorded tree.")
    var systemRoot = "/"

    mutating func validate() throws {
        guard !(json && framed) else {
            throw ValidationError("choose one of --json and --framed")
        }
        guard Set(device).count == device.count else {
            throw ValidationError("a device is named twice")
        }
        guard device.count <= Self.deviceCountMax else {
            throw ValidationError("at most \(Self.deviceCountMax) devices at once")
        }
    }

    /// More than a rack of card readers.
    static let deviceCountMax = 64

    mutating func run() async throws {
        let reporter = FlashReporter(json ? .lines : framed ? .frames : .people)
        let session = FlashSession(command: self, reporter: reporter)
        do {
            try await session.run()
        } catch let refusal as FlashRefusal {
            reporter.end(exitCode: refusal.failure.status.rawValue, error: refusal.name, [])
            throw refusal.failure
        } catch let end as FlashEnd {
            throw end.failure
        } catch let failure as Failure {
            reporter.end(exitCode: failure.status.rawValue, error: "input-file", [])
            throw failure
        }
    }
}

/// A failure with the stable name that programs read.
struct FlashRefusal: Error {
    let name: String
    let failure: Failure

    init(_ name: String, _ failure: Failure) {
        self.name = name
        self.failure = failure
    }

    init(_ error: FlashError) {
        self.init(error.name, Failure(flash: error))
    }
}

extension Failure {
    init(flash error: FlashError) {
        let status: ExitStatus =
            switch error.fault {
            case .unsafe: .unsafe
            case .integrity: .authentication
            case .inputOutput: .io
            case .capacity: .noSpace
            }
        let help: String? =
            switch error {
            case .interrupted, .vanished, .inputOutput:
                "the card does not boot; run the same command with --resume to continue"
            case .differs: "the card does not boot; it may be worn out, try another"
            case .capacityFalse: "the medium is smaller than it claims; do not use it"
            case .readOnly: "unlock the card, then try again"
            case .busy: "'martlet disk list' shows what uses it"
            case .imageChanged: "let nothing write to the image, then flash again"
            case .blockMapMissesData, .blockMapDiffers, .blockMapSize:
                "use the block map that was made with the image"
            default: nil
            }
        self.init(status, "\(error)", help: help)
    }
}
