import AgentProtocol
import CPlatform

/// The disks and partitions that the kernel has found.
///
///     /sys/block/sda/sda1/partition   the partition's number
///     /dev/sda, /dev/sda1             the devices; a `!` of a name stands for `/` there
struct BlockDevices {
    /// Usually `/sys/block` and `/dev`.
    let sysfs: Path
    let devices: Path

    static let ofSystem = BlockDevices(
        sysfs: Path(fixed: "/sys/block"),
        devices: Path(fixed: "/dev")
    )

    /// The name of the disk with this identity; the first by name when copies of it are there.
    func disk(_ identity: SystemSettings.DiskIdentity) -> [UInt8]? {
        for name in names(sysfs) where !BlockDevices.isPassedOver(name) {
            guard let file = try? OwnedFile(device(name), how: platform_open_read),
                let head = try? file.beginning(count: 1_024), head.count == 1_024
            else { continue }
            if BlockDevices.matches(head, identity) { return name }
        }
        return nil
    }

    /// The device of a partition of a disk.
    func partition(_ number: UInt64, of disk: [UInt8]) -> Path? {
        let folder = sysfs.appending("/").appending(disk)
        for name in names(folder) {
            let path = folder.appending("/").appending(name).appending("/partition")
            guard let file = try? OwnedFile(path, how: platform_open_read),
                let text = try? file.beginning(count: 16)
            else { continue }
            if Decimal.read(text.prefix { $0 != 0x0A }) == number { return device(name) }
        }
        return nil
    }

    /// Whether a disk's first 1,024 bytes carry the identity.
    static func matches(_ head: [UInt8], _ identity: SystemSettings.DiskIdentity) -> Bool {
        switch identity {
        case .gpt(let bytes):
            head[512...].starts(with: TextLine("EFI PART").bytes)
                && [UInt8](head[568..<584]) == bytes
        case .mbr(let bytes):
            head[510] == 0x55 && head[511] == 0xAA && [UInt8](head[440..<444]) == bytes
        }
    }

    /// Memory, floppy and optical drives: never ours, and slow to ask.
    private static func isPassedOver(_ name: [UInt8]) -> Bool {
        let prefixes: [StaticString] = ["ram", "zram", "fd", "sr"]
        return prefixes.contains { name.starts(with: TextLine($0).bytes) }
    }

    private func names(_ folder: Path) -> [[UInt8]] {
        let names = (try? Names.inDirectory(folder)) ?? []
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private func device(_ name: [UInt8]) -> Path {
        devices.appending("/").appending(name.map { $0 == 0x21 ? 0x2F : $0 })
    }
}
