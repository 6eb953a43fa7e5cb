/// The number by which the kernel knows a block device.
public struct DeviceNumber: Sendable, Hashable, CustomStringConvertible {
    /// The driver's number.
    public let major: UInt32
    /// The device's number within the driver.
    public let minor: UInt32

    /// Makes a number from its two parts.
    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// Takes a number apart as `stat` gives it in `st_rdev` (the coding of glibc and Linux).
    public init(rawDevice: UInt64) {
        major = UInt32(truncatingIfNeeded: (rawDevice >> 8 & 0xfff) | (rawDevice >> 32 & ~0xfff))
        minor = UInt32(truncatingIfNeeded: (rawDevice & 0xff) | (rawDevice >> 12 & ~0xff))
    }

    /// Reads `MAJOR:MINOR`, the form of sysfs and of the mount table; `nil` for anything else.
    public init?(text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1])
        else { return nil }
        self.init(major: major, minor: minor)
    }

    /// The form of sysfs, such as `8:16`.
    public var description: String { "\(major):\(minor)" }
}

/// One whole disk of the machine, as the kernel describes it.
public struct Disk: Sendable, Hashable {
    /// The path of its node, such as `/dev/sda`.
    public let devicePath: String
    /// The kernel's name, such as `sda`.
    public let name: String
    /// The kernel's number, which the opened descriptor must have (`DiskInventory.confirm`).
    public let number: DeviceNumber
    /// The kernel's count of disks at the time this one appeared, where it keeps one (Linux 5.15).
    public let sequence: UInt64?
    /// The size in bytes; 0 without a medium.
    public let sizeBytes: Int64
    /// The size of a logical block in bytes, 512 unless the kernel says otherwise.
    public let logicalBlockSizeBytes: Int
    /// Whether the kernel refuses to write to it, such as a card with its tab at "lock".
    public let isReadOnly: Bool
    /// Whether the medium can be taken out of the drive, by the drive's own word.
    public let isRemovable: Bool
    /// What kind of disk it is.
    public let mediaClass: MediaClass
    /// The maker's name, printable ASCII.
    public let vendor: String?
    /// The model's name, printable ASCII.
    public let model: String?
    /// The serial number, printable ASCII; `nil` where there is none or only a row of zeros.
    public let serial: String?
    /// The partitions that the kernel knows, by number.
    public let partitions: [DiskPartition]
    /// What uses it, system uses first.
    public let uses: [DiskUse]
}

/// One partition of a disk.
public struct DiskPartition: Sendable, Hashable {
    /// The kernel's name, such as `sda1`.
    public let name: String
    /// The number in the table.
    public let number: Int
    /// Where it starts on the disk, in bytes.
    public let startBytes: Int64
    /// The size in bytes.
    public let sizeBytes: Int64
    /// What udev found in it, such as `ext4` or `crypto_LUKS`.
    public let fileSystem: String?
    /// Where it is mounted itself, not through a device that stands on it.
    public let mountPoints: [String]
}
