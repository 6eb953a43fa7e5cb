import Firmware
import Foundation
import Terminal

/// A device or file that shall be flashed, as it was when the plan was made.
struct FlashCandidate: Sendable {
    let path: String
    /// The disk; `nil` for files.
    let disk: Disk?
    /// The size in bytes; `nil` for a file that is new or empty.
    let sizeBytes: Int64?
    let verdict: FlashVerdict

    /// Looks a target up.
    ///
    /// - Parameters:
    ///   - path: What the person named.
    ///   - inventory: The disks of the machine.
    ///   - allowedClasses: Those of the profile; `nil` for all.
    init(path: String, inventory: DiskInventory, allowedClasses: [MediaClass]?) {
        self.path = path
        disk = inventory.disk(at: path)
        var verdict = inventory.verdict(for: path, allowedClasses: allowedClasses)
        if let disk {
            sizeBytes = disk.sizeBytes
        } else {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            let size = (attributes?[.size] as? NSNumber)?.int64Value ?? 0
            sizeBytes = size > 0 ? size : nil
            if attributes == nil, Self.canBeMade(path) {
                let isAllowed = allowedClasses?.contains(.file) ?? true
                verdict =
                    isAllowed
                    ? .allowed
                    : .refused([.classNotAllowed(.file, allowed: allowedClasses ?? [])])
            }
        }
        self.verdict = verdict
    }

    /// Whether a file may be made here: a mistyped device must not become one.
    private static func canBeMade(_ path: String) -> Bool {
        let folder = URL(filePath: path).deletingLastPathComponent()
        let real = folder.resolvingSymlinksInPath().path()
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: real, isDirectory: &isFolder)
            && isFolder.boolValue && real != "/dev/" && real != "/dev"
            && !real.hasPrefix("/dev/")
    }

    /// Refuses what must not be overwritten.
    ///
    /// - Parameters:
    ///   - neededBytes: The size of what shall be written.
    ///   - serials: The serial numbers that the person named.
    /// - Throws: `FlashRefusal`.
    func check(neededBytes: Int64, serials: [String]) throws {
        let reasons = verdict.reasons.map(\.description).joined(separator: "; ")
        switch verdict {
        case .allowed: break
        case .needsSerial:
            guard let serial = disk?.serial, serials.contains(serial) else {
                throw FlashRefusal(
                    "needs-serial",
                    Failure(
                        .unsafe,
                        "this disk is not flashed without its serial number: \(reasons)",
                        place: path,
                        help: "if you are sure, name it with --serial"
                    )
                )
            }
        case .refused(let all):
            if all.contains(.readOnly) { throw FlashRefusal(FlashError.readOnly(device: path)) }
            throw FlashRefusal(
                "refused",
                Failure(
                    .unsafe,
                    "this may not be flashed: \(reasons)",
                    place: path,
                    help: "'martlet disk list' shows the disks and what uses them"
                )
            )
        }
        if let sizeBytes, sizeBytes < neededBytes {
            throw FlashRefusal(
                FlashError.tooSmall(
                    device: path,
                    sizeBytes: sizeBytes,
                    neededBytes: neededBytes
                )
            )
        }
    }

    /// The lines of the plan.
    var lines: [String] {
        guard let disk else {
            let size = sizeBytes.map { "\($0) bytes, overwritten" } ?? "new"
            return ["device  \(path): file, \(size)"]
        }
        let model = [disk.vendor, disk.model].compactMap(\.self).joined(separator: " ")
        var lines = [
            "device  \(path): \(disk.mediaClass.rawValue), \(disk.sizeBytes) bytes, "
                + "model \(model.isEmpty ? "unknown" : model), "
                + "serial \(disk.serial ?? "unknown")"
        ]
        for part in disk.partitions {
            let mounts = part.mountPoints.map { " on \($0)" }.joined()
            lines.append(
                "        loses \(part.name): \(part.sizeBytes) bytes, "
                    + (part.fileSystem ?? "unknown content") + mounts
            )
        }
        return lines + verdict.reasons.map { "        note: \($0)" }
    }
}

/// A candidate in the record of the plan.
struct FlashCandidateRecord: Encodable {
    struct Partition: Encodable {
        let name: String
        let sizeBytes: Int64
        let fileSystem: String?
    }

    let device: String
    let mediaClass: String
    let sizeBytes: Int64?
    let model: String?
    let serial: String?
    let partitions: [Partition]
    let verdict: String
    let reasons: [String]

    init(_ candidate: FlashCandidate) {
        device = candidate.path
        mediaClass = candidate.disk?.mediaClass.rawValue ?? "file"
        sizeBytes = candidate.sizeBytes
        model = candidate.disk?.model
        serial = candidate.disk?.serial
        partitions = (candidate.disk?.partitions ?? []).map {
            Partition(name: $0.name, sizeBytes: $0.sizeBytes, fileSystem: $0.fileSystem)
        }
        let verdict = DiskListing.Verdict(candidate.verdict)
        self.verdict = verdict.decision
        reasons = verdict.reasons
    }
}
