import Firmware
import Foundation
import Terminal

/// One run of `martlet flash`: look, plan, ask, flash, tell.
struct FlashSession {
    let command: FlashCommand
    let reporter: FlashReporter

    init(command: FlashCommand, reporter: FlashReporter) {
        self.command = command
        self.reporter = reporter
    }

    /// What the plan says for programs.
    private struct PlanRecord: Encodable {
        let image: String
        let imageSizeBytes: Int64
        let dataBytes: Int64
        let blockMapChecked: Bool
        let dryRun: Bool
        let candidates: [FlashCandidateRecord]
    }

    func run() async throws {
        let profile = try command.profile.map(Self.profile)
        let (image, hasMap) = try readImage()
        let inventory = try readInventory()
        let allowed = profile?.disk?.mediaClasses
        let paths = try command.device.isEmpty ? askForDevice(inventory) : command.device
        let candidates = paths.map {
            FlashCandidate(path: $0, inventory: inventory, allowedClasses: allowed)
        }
        let plan = FlashPlan(image: image)
        tell(plan, hasMap: hasMap, candidates)
        let needed = max(plan.neededBytes, profile?.disk?.minimumMediaBytes ?? 0)
        for candidate in candidates {
            let isNewFile = candidate.disk == nil && candidate.sizeBytes == nil
            try candidate.check(
                neededBytes: isNewFile ? 0 : needed,
                serials: command.serial
            )
        }
        guard !command.dryRun else {
            return reporter.end(exitCode: 0, error: nil, [])
        }
        try confirm(candidates)
        // Until here a signal ends the process, and nothing is written.
        let stop = StopRequest.onSignals()
        let hash = try command.log.map { _ in try Self.refusing { try image.sha256(stop: stop) } }
        let log = try command.log.map { path in try Self.refusing { try FlashLog(path: path) } }
        let jobs = FlashJobs(
            command: command,
            plan: plan,
            imageHash: hash.map(Digest.hexadecimal) ?? "",
            allowedClasses: allowed,
            verifies: !command.noVerify && profile?.disk?.verification != .some(.none),
            log: log,
            reporter: reporter,
            stop: stop
        )
        let outcomes = await FlashBatch.run(candidates) { jobs.flash($0) }
        try conclude(outcomes)
    }

    private static func refusing<Value>(
        _ body: () throws -> Value
    ) throws -> Value {
        do {
            return try body()
        } catch let error as FlashError {
            throw FlashRefusal(error)
        }
    }

    private static func profile(_ nameOrPath: String) throws -> FirmwareProfile {
        do {
            return try ProfileFolder.read(nameOrPath)
        } catch let failure as Failure {
            throw FlashRefusal("profile", failure)
        }
    }

    private func readInventory() throws -> DiskInventory {
        do {
            return try DiskInventory(systemRoot: command.systemRoot)
        } catch {
            throw FlashRefusal(
                "disks",
                Failure(.io, "the disks cannot be told: \(error)", place: command.systemRoot)
            )
        }
    }

    /// Opens the image and compares it with its block map, where there is one.
    private func readImage() throws -> (FlashImage, hasMap: Bool) {
        let image = try Self.refusing { try FlashImage(path: command.image) }
        let beside = command.image + ".bmap"
        let besideExists = FileManager.default.fileExists(atPath: beside)
        guard let path = command.bmap ?? (besideExists ? beside : nil) else {
            return (image, false)
        }
        let text = try InputFile.read(path, limitBytes: BlockMap.textSizeMax)
        let map: BlockMap
        do {
            map = try BlockMap(text: text)
        } catch {
            throw FlashRefusal(
                "block-map",
                Failure(.authentication, "the block map is refused: \(error)", place: path)
            )
        }
        let checked = try Self.refusing {
            try image.checked(against: map) { [reporter, path = command.image] progress in
                reporter.progress(progress, device: path)
            }
        }
        return (checked, true)
    }

    private func tell(_ plan: FlashPlan, hasMap: Bool, _ candidates: [FlashCandidate]) {
        reporter.record(
            PlanRecord(
                image: command.image,
                imageSizeBytes: plan.image.sizeBytes,
                dataBytes: plan.dataBytes,
                blockMapChecked: hasMap,
                dryRun: command.dryRun,
                candidates: candidates.map(FlashCandidateRecord.init)
            )
        )
        guard reporter.form == .people else { return }
        Console.note(
            "image   \(command.image): \(plan.image.sizeBytes) bytes, \(plan.dataBytes) of data, "
                + (hasMap ? "equal to its block map" : "no block map")
        )
        for line in candidates.flatMap(\.lines) { Console.note(line) }
    }

    private var isTerminal: Bool { isatty(0) == 1 && isatty(2) == 1 }

    private func askForDevice(_ inventory: DiskInventory) throws -> [String] {
        let choices = inventory.disks.filter { disk in
            if case .refused = inventory.verdict(for: disk) { false } else { disk.sizeBytes > 0 }
        }
        guard isTerminal else {
            throw FlashRefusal(
                "no-device",
                Failure(.usage, "no device is named", help: "name one with --device")
            )
        }
        for disk in choices {
            let candidate = FlashCandidate(
                path: disk.devicePath,
                inventory: inventory,
                allowedClasses: nil
            )
            for line in candidate.lines { Console.note(line) }
        }
        let answer = ask("device to write to: ")
        guard choices.contains(where: { $0.devicePath == answer }) else {
            throw FlashRefusal("not-confirmed", Failure(.usage, "none of the devices was chosen"))
        }
        return [answer]
    }

    private func confirm(_ candidates: [FlashCandidate]) throws {
        if command.yes { return try checkNamed(candidates) }
        guard isTerminal, reporter.form == .people else {
            throw FlashRefusal(
                "not-confirmed",
                Failure(.unsafe, "nobody agreed to the plan", help: "add --yes to write")
            )
        }
        let names = candidates.map(\.path).joined(separator: ", ")
        guard ask("all data on \(names) will be lost; write? [yes/no] ") == "yes" else {
            throw FlashRefusal("not-confirmed", Failure(.unsafe, "nothing was written"))
        }
    }

    /// Nobody looks at the plan, so a name like `/dev/sdb` is not enough: cards change places.
    private func checkNamed(_ candidates: [FlashCandidate]) throws {
        guard !command.anySerial else { return }
        for candidate in candidates {
            guard let disk = candidate.disk, disk.mediaClass != .loop else { continue }
            if let serial = disk.serial, command.serial.contains(serial) { continue }
            throw FlashRefusal(
                "needs-serial",
                Failure(
                    .unsafe,
                    "--yes writes to a disk only when its serial number is named",
                    place: candidate.path,
                    help: "add --serial with the number that the plan shows, or --any-serial "
                        + "where cards change in one reader"
                )
            )
        }
    }

    private func ask(_ question: String) -> String {
        FileHandle.standardError.write(Data(question.utf8))
        return (readLine() ?? "").trimmingCharacters(in: .whitespaces)
    }

    private func conclude(_ outcomes: [FlashJobs.Outcome]) throws {
        let records = outcomes.map(\.record)
        let failures = outcomes.compactMap(\.failure)
        let firstName = records.compactMap(\.error).first
        reporter.end(exitCode: failures.first?.status.rawValue ?? 0, error: firstName, records)
        if reporter.form == .people {
            for record in records where record.error == nil {
                Console.printLine(record.sentence)
            }
        }
        guard let first = failures.first else { return }
        for other in failures.dropFirst() { Console.note(other.message) }
        throw FlashEnd(failure: first)
    }
}

extension FlashReporter.Outcome {
    /// What a person reads in the end.
    fileprivate var sentence: String {
        let pace = Int(Double(bytes) / 1e6 / max(seconds, 1e-9))
        let rounded = (seconds * 100).rounded() / 100
        return "\(device): \(bytes) bytes in \(rounded) s, \(pace) MB/s, "
            + (verifiedBytes > 0 ? "read back and equal" : "not read back")
    }
}

/// The failure of flashes that were told of already.
struct FlashEnd: Error {
    let failure: Failure
}
