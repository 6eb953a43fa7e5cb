import Firmware
import Foundation
import Terminal

/// What all flashes of one run share.
struct FlashJobs: Sendable {
    struct Outcome: Sendable {
        let record: FlashReporter.Outcome
        let failure: Failure?
    }

    let command: FlashCommand
    let plan: FlashPlan
    let imageHash: String
    let allowedClasses: [MediaClass]?
    let verifies: Bool
    let log: FlashLog?
    let reporter: FlashReporter
    let stop: StopRequest

    /// Flashes one target and writes its line of the log.
    func flash(_ candidate: FlashCandidate) -> Outcome {
        let start = ContinuousClock.now
        var written: (writtenBytes: Int64, verifiedBytes: Int64) = (0, 0)
        var refusal: FlashRefusal?
        do {
            let result = try write(to: candidate)
            written = (result.writtenBytes, result.verifiedBytes)
        } catch let error as FlashRefusal {
            refusal = error
        } catch {
            refusal = FlashRefusal("internal", Failure(.internalError, "\(error)"))
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        do throws(FlashError) {
            try log?.append(row(candidate, seconds: seconds, error: refusal?.name))
        } catch {
            refusal = refusal ?? FlashRefusal(error)
        }
        let record = FlashReporter.Outcome(
            device: candidate.path,
            exitCode: refusal?.failure.status.rawValue ?? 0,
            error: refusal?.name,
            model: candidate.disk?.model,
            serial: candidate.disk?.serial,
            bytes: plan.image.sizeBytes,
            writtenBytes: written.writtenBytes,
            verifiedBytes: written.verifiedBytes,
            seconds: seconds
        )
        return Outcome(record: record, failure: refusal?.failure)
    }

    private func row(
        _ candidate: FlashCandidate,
        seconds: Double,
        error: String?
    ) -> FlashLog.Row {
        FlashLog.Row(
            timeSeconds: Date.now.timeIntervalSince1970,
            image: command.image,
            imageSHA256: imageHash,
            device: candidate.path,
            model: candidate.disk?.model ?? "",
            serial: candidate.disk?.serial ?? "",
            bytes: plan.image.sizeBytes,
            seconds: seconds,
            error: error
        )
    }

    /// Opens the target for nobody else, and looks at it again: only now it stays what it is.
    private func write(to candidate: FlashCandidate) throws -> Flasher<OpenTarget>.Result {
        let target: OpenTarget
        do throws(FlashError) {
            target = try OpenTarget(
                path: candidate.path,
                newFileSizeBytes: plan.image.sizeBytes
            )
        } catch {
            throw FlashRefusal(error)
        }
        defer { target.close() }
        try checkAgain(candidate, target)
        let device = candidate.path
        do throws(FlashError) {
            try target.checkIsNot(plan.image)
            let plan =
                command.expand
                ? try FlashPlan(
                    image: plan.image,
                    expandingTo: target.sizeBytes,
                    device: device
                ) : plan
            let options = FlashOptions(
                comparesFirst: command.resume || command.minimizeWrites,
                discards: command.discard,
                verifies: verifies,
                probes: command.probe
            )
            let flasher = Flasher(
                plan: plan,
                target: target,
                device: device,
                options: options,
                stop: stop
            )
            return try flasher.run { [reporter] in reporter.progress($0, device: device) }
        } catch {
            throw FlashRefusal(error)
        }
    }

    private func checkAgain(_ candidate: FlashCandidate, _ target: OpenTarget) throws {
        do {
            let inventory = try DiskInventory(systemRoot: command.systemRoot)
            let now = FlashCandidate(
                path: candidate.path,
                inventory: inventory,
                allowedClasses: allowedClasses
            )
            try now.check(neededBytes: 0, serials: command.serial)
            guard target.isBlockDevice else { return }
            guard let disk = now.disk, disk == candidate.disk else {
                throw FlashRefusal(
                    "changed",
                    Failure(.unsafe, "this is another disk than in the plan", place: target.path)
                )
            }
            try inventory.confirm(disk, openedAs: target.rawDevice)
        } catch let error as DiskError {
            throw FlashRefusal("changed", Failure(.unsafe, "\(error)", place: target.path))
        }
    }
}
