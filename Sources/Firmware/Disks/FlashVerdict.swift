/// Whether a target may be overwritten.
///
/// The verdict is about the moment of the inventory. A flasher opens the device exclusively
/// (`O_EXCL`) first, takes the inventory then, asks for the verdict, and has
/// `DiskInventory.confirm` compare the open descriptor with the disk that it asked about.
public enum FlashVerdict: Sendable, Hashable {
    /// It may be overwritten: a portable medium that nothing uses, or a regular file.
    case allowed
    /// It may be overwritten only by someone who types the disk's serial number.
    case needsSerial([FlashReason])
    /// It may not be overwritten.
    case refused([FlashReason])

    /// The reasons, strongest first; empty when allowed.
    public var reasons: [FlashReason] {
        switch self {
        case .allowed: []
        case .needsSerial(let reasons), .refused(let reasons): reasons
        }
    }
}

/// One reason against overwriting a target.
public enum FlashReason: Sendable, Hashable {
    /// There is no such device or file.
    case notFound(path: String)
    /// The path is a folder, a character device, a pipe, or a plain file inside `/dev`.
    case notBlockDevice(path: String)
    /// The path is one partition of a disk.
    case partition(name: String, diskPath: String)
    /// The path is a boot or other hardware area of an eMMC.
    case hardwareArea(name: String, of: String)
    /// The device is made of other devices (LVM, LUKS, multipath, RAID).
    case stacked(name: String, mediaClass: MediaClass)
    /// The kernel does not describe the disk in full.
    case unreadable(attribute: String)
    /// There is no medium in the drive.
    case noMedium
    /// The disk is write-protected.
    case readOnly
    /// The profile is not for media of this class.
    case classNotAllowed(MediaClass, allowed: [MediaClass])
    /// What kind of disk it is cannot be told.
    case unknownClass
    /// The running system stands on it.
    case systemUse(DiskUse)
    /// It is in use, and the use can be ended.
    case inUse(DiskUse)
    /// It holds part of something that is not running now.
    case dormantUse(DiskUse)
    /// It is part of this machine and not a portable medium.
    case internalDisk(MediaClass)
    /// What the root of the system stands on cannot be found, so it might be this disk.
    case hiddenRoot(fileSystem: String)
    /// Only its serial number could permit it, but it has none that names it alone.
    case noSerial
}

extension FlashReason: CustomStringConvertible {
    /// The reason in words, with what can be done about it.
    public var description: String {
        switch self {
        case .notFound(let path): "there is no \(path)"
        case .notBlockDevice(let path): "\(path) is neither a block device nor a file of yours"
        case .partition(let name, let disk): "\(name) is a partition; name the disk \(disk)"
        case .hardwareArea(let name, let disk): "\(name) is a hardware area of \(disk)"
        case .stacked(let name, let mediaClass):
            "\(name) is made of other devices (\(mediaClass.rawValue))"
        case .unreadable(let attribute): "the kernel does not tell its \(attribute)"
        case .noMedium: "there is no medium in the drive"
        case .readOnly: "it is write-protected"
        case .classNotAllowed(let mediaClass, let allowed):
            "it is \(mediaClass.rawValue), but the profile is for "
                + allowed.map(\.rawValue).joined(separator: ", ")
        case .unknownClass: "what kind of disk it is cannot be told"
        case .systemUse(let use): "the running system uses it: \(use)"
        case .inUse(let use): "it is in use: \(use); \(use.remedy)"
        case .dormantUse(let use): "it holds data of something else: \(use)"
        case .internalDisk(let mediaClass):
            "it is a disk of this machine (\(mediaClass.rawValue)), not a portable medium"
        case .hiddenRoot(let fileSystem):
            "what the system's root (\(fileSystem)) stands on cannot be found: it may be this disk"
        case .noSerial: "it has no serial number that could be typed to insist"
        }
    }
}

extension DiskUse {
    /// What ends the use.
    var remedy: String {
        switch kind {
        case .mounted(let path), .overlayLayer(let path): "unmount \(path) first"
        case .swap(let path): "run swapoff on \(path) first"
        case .loopBacking(let device): "detach \(device) first"
        case .held(let holder): "stop \(holder) first"
        default: "unmount or stop it first"
        }
    }
}
