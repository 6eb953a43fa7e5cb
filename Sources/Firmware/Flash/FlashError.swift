import Glibc

/// Why a flash was refused or did not end; grouped by who must act.
public enum FlashError: Error, Sendable, Hashable {
    // The image is bad.
    /// The image cannot be read.
    case imageUnreadable(path: String, code: Int32)
    /// The image is empty or no regular file.
    case notAnImage(path: String)
    /// The image is not the one that was opened: its size, times or content changed meanwhile.
    case imageChanged(path: String, offsetBytes: Int64?)
    /// The block map is of an image of another size.
    case blockMapSize(expectedBytes: Int64, actualBytes: Int64)
    /// The image's bytes are not those that the block map names.
    case blockMapDiffers(offsetBytes: Int64, sizeBytes: Int64)
    /// The image has bytes that the block map calls empty.
    case blockMapMissesData(offsetBytes: Int64)
    /// The image's partition table cannot be moved to a larger medium.
    case notExpandable(detail: String)

    // The target is not fit.
    /// The path is neither a block device nor a file.
    case notATarget(path: String)
    /// The target cannot be opened.
    case openFailed(path: String, code: Int32)
    /// The target refuses writes: the card's tab is down, or the device was set read-only.
    case readOnly(device: String)
    /// Another process, a mount or a volume has the target.
    case busy(device: String)
    /// The target is the image.
    case targetIsImage(path: String)
    /// The target is smaller than what must be on it.
    case tooSmall(device: String, sizeBytes: Int64, neededBytes: Int64)
    /// The medium does not have the size that it claims.
    case capacityFalse(device: String, claimedBytes: Int64, offsetBytes: Int64)

    // The environment failed.
    /// The target went away.
    case vanished(device: String, phase: FlashPhase, offsetBytes: Int64)
    /// A system call on the target failed.
    case inputOutput(device: String, phase: FlashPhase, fault: TargetFault)
    /// The file system of a file target is full.
    case noSpace(device: String, offsetBytes: Int64)
    /// What was read back is not what was written.
    case differs(device: String, offsetBytes: Int64)
    /// The caller asked to stop.
    case interrupted(device: String, phase: FlashPhase, doneBytes: Int64)
}

extension FlashError {
    /// Who must act, as the exit statuses of the command line group it.
    public enum Fault: Sendable, Hashable { case unsafe, integrity, inputOutput, capacity }

    /// The group of the error.
    public var fault: Fault {
        switch self {
        case .readOnly, .busy, .targetIsImage, .notATarget: .unsafe
        case .imageChanged, .blockMapSize, .blockMapDiffers, .blockMapMissesData, .notExpandable,
            .capacityFalse, .differs:
            .integrity
        case .tooSmall, .noSpace: .capacity
        case .imageUnreadable, .notAnImage, .openFailed, .vanished, .inputOutput, .interrupted:
            .inputOutput
        }
    }

    /// A name that never changes, for programs and logs.
    public var name: String {
        switch self {
        case .imageUnreadable: "image-unreadable"
        case .notAnImage: "not-an-image"
        case .imageChanged: "image-changed"
        case .blockMapSize: "block-map-size"
        case .blockMapDiffers: "block-map-differs"
        case .blockMapMissesData: "block-map-misses-data"
        case .notExpandable: "not-expandable"
        case .notATarget: "not-a-target"
        case .openFailed: "open-failed"
        case .readOnly: "read-only"
        case .busy: "busy"
        case .targetIsImage: "target-is-image"
        case .tooSmall: "too-small"
        case .capacityFalse: "capacity-false"
        case .vanished: "vanished"
        case .inputOutput: "input-output"
        case .noSpace: "no-space"
        case .differs: "differs"
        case .interrupted: "interrupted"
        }
    }

    /// The error of a target's failed system call.
    init(_ fault: TargetFault, device: String, phase: FlashPhase) {
        switch fault.code {
        case ENODEV, ENXIO, ENOMEDIUM, ESHUTDOWN:
            self = .vanished(device: device, phase: phase, offsetBytes: fault.offsetBytes)
        case ENOSPC, EDQUOT, EFBIG:
            self = .noSpace(device: device, offsetBytes: fault.offsetBytes)
        case EROFS: self = .readOnly(device: device)
        default: self = .inputOutput(device: device, phase: phase, fault: fault)
        }
    }
}

extension FlashError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .imageUnreadable(let path, let code):
            "the image \(path) cannot be read: \(Self.text(code))"
        case .notAnImage(let path): "\(path) is empty or not a regular file"
        case .imageChanged(let path, let offset):
            "the image \(path) changed while it was flashed"
                + (offset.map { ", first seen at byte \($0)" } ?? "")
        case .blockMapSize(let expected, let actual):
            "the block map is of an image of \(expected) bytes, but this one has \(actual)"
        case .blockMapDiffers(let offset, let size):
            "the \(size) bytes of the image at \(offset) are not those of the block map"
        case .blockMapMissesData(let offset):
            "the block map calls empty what is not: the image has data at byte \(offset)"
        case .notExpandable(let detail): "the image cannot be expanded: \(detail)"
        default: targetDescription
        }
    }

    private var targetDescription: String {
        switch self {
        case .notATarget(let path): "\(path) is neither a block device nor a file"
        case .openFailed(let path, let code): "\(path) cannot be opened: \(Self.text(code))"
        case .readOnly(let device):
            "\(device) is read-only; a card may have its lock tab down"
        case .busy(let device): "\(device) is in use by a mount, a volume or another program"
        case .targetIsImage(let path): "\(path) is the image itself"
        case .tooSmall(let device, let size, let needed):
            "\(device) has \(size) bytes, but \(needed) are needed"
        case .capacityFalse(let device, let claimed, let offset):
            "\(device) claims \(claimed) bytes, but does not keep what is written at \(offset)"
        case .vanished(let device, let phase, let offset):
            "\(device) went away at byte \(offset) (\(phase.rawValue))"
        case .inputOutput(let device, let phase, let fault):
            "\(device): \(fault.operation.rawValue) at byte \(fault.offsetBytes) failed "
                + "(\(phase.rawValue)): \(Self.text(fault.code))"
        case .noSpace(let device, let offset):
            "no space left for \(device) at byte \(offset)"
        case .differs(let device, let offset):
            "\(device) does not hold what was written: first difference at byte \(offset)"
        case .interrupted(let device, let phase, let done):
            "stopped on request (\(device), \(phase.rawValue), after \(done) bytes)"
        default: name
        }
    }

    private static func text(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
