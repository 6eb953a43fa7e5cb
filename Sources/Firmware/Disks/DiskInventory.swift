/// All disks of a machine and what uses them.
public struct DiskInventory: Sendable {
    /// The whole disks that have a device node, by name.
    public let disks: [Disk]

    /// Reads the disks of the system whose root folder is given.
    ///
    /// - Parameters:
    ///   - systemRoot: `/`, or the folder of a recorded tree.
    /// - Throws: `DiskError` when the picture would not be complete.
    public init(systemRoot: String = "/") throws(DiskError) {
        throw .unreadable(path: systemRoot, code: 38)
    }

    /// The disk at a path: its node, or a link to it.
    public func disk(at path: String) -> Disk? {
        disks.first { $0.devicePath == path }
    }

    /// Whether the target may be overwritten.
    ///
    /// - Parameters:
    ///   - path: a device, a link to one, or a regular file.
    ///   - allowedClasses: the classes that the firmware profile is for; `nil` allows all.
    public func verdict(for path: String, allowedClasses: [MediaClass]?) -> FlashVerdict {
        .refused([.notFound(path: path)])
    }

    /// Compares an opened device with the disk that was asked about.
    ///
    /// - Parameters:
    ///   - disk: of this inventory.
    ///   - rawDevice: `st_rdev` of the opened descriptor.
    /// - Throws: `DiskError.otherDevice` or `.changed`.
    public func confirm(_ disk: Disk, openedAs rawDevice: UInt64) throws(DiskError) {
        let actual = DeviceNumber(rawDevice: rawDevice)
        guard actual == disk.number else {
            throw .otherDevice(name: disk.name, expected: disk.number, actual: actual)
        }
    }
}
