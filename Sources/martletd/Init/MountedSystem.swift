import AgentProtocol
import BootControl
import CPlatform

/// A device's disk, found and mounted, and what its configuration says.
struct MountedSystem {
    static let configPath = Path(fixed: "/etc/martlet")
    /// Disks come up after their drivers; a card reader takes a second or two.
    private static let attemptCount = 100
    private static let attemptWait: Int64 = 100_000_000

    let settings: SystemSettings
    let device: DeviceSettings
    /// The slot that runs, as the kernel was told.
    let slot: Slot?
    private let devices = BlockDevices.ofSystem
    private let disk: [UInt8]

    /// Waits for the disk, mounts configuration and data, and reads the device's settings.
    ///
    /// - Throws: `AgentError` when the disk, one of the two partitions or its file system is not
    ///   there. Settings that cannot be read are replaced.
    init(_ settings: SystemSettings) throws(AgentError) {
        self.settings = settings
        slot = SlotStore.slot(in: Kernel.commandLine)
        disk = try MountedSystem.waitForDisk(settings, devices)
        var line = TextLine("disk ")
        line.append(visible: disk)
        if let slot {
            line.append(", slot ")
            line.append(visible: [slot.rawValue])
        }
        Log.note(line)
        try MountedSystem.mountConfig(settings, devices, disk)
        try MountedSystem.mountData(settings, devices, disk)
        do throws(AgentError) {
            let path = MountedSystem.configPath.appending("/device.conf")
            device = try SystemFile.readDevice(path)
        } catch {
            Log.note(error)
            device = .unnamed
        }
    }

    /// The device of one of the disk's partitions.
    func partition(_ number: UInt64) throws(AgentError) -> Path {
        try MountedSystem.partition(number, devices, disk)
    }

    /// Unmounts what holds the device's own data.
    func unmount() {
        platform_sync_all()
        for path in [settings.dataPath, MountedSystem.configPath] {
            // Safe: a path ends with NUL.
            let result = unsafe platform_unmount(path.bytes, 0)
            if result < 0 { Log.note(.system(.mount, code: -result, path: path)) }
        }
        platform_sync_all()
    }

    private static func waitForDisk(
        _ settings: SystemSettings,
        _ devices: BlockDevices
    ) throws(AgentError) -> [UInt8] {
        for attempt in 1...attemptCount {
            if let disk = devices.disk(settings.disk),
                devices.partition(settings.config.number, of: disk) != nil,
                devices.partition(settings.data.number, of: disk) != nil
            {
                return disk
            }
            if attempt < attemptCount { platform_sleep(attemptWait) }
        }
        if let disk = devices.disk(settings.disk) {
            _ = try partition(settings.config.number, devices, disk)
            _ = try partition(settings.data.number, devices, disk)
        }
        throw .diskMissing(devices.sysfs)
    }

    private static func partition(
        _ number: UInt64,
        _ devices: BlockDevices,
        _ disk: [UInt8]
    ) throws(AgentError) -> Path {
        guard let path = devices.partition(number, of: disk) else {
            throw .partitionMissing(number: number)
        }
        return path
    }

    private static func mountConfig(
        _ settings: SystemSettings,
        _ devices: BlockDevices,
        _ disk: [UInt8]
    ) throws(AgentError) {
        let isVFAT = ConfigurationLines.is(settings.config.type, "vfat")
        try Kernel.mount(
            partition(settings.config.number, devices, disk),
            on: configPath,
            type: settings.config.type,
            flags: platform_mount_read_only | platform_mount_no_set_id
                | platform_mount_no_devices | platform_mount_no_programs,
            options: isVFAT ? "umask=077" : ""
        )
    }

    private static func mountData(
        _ settings: SystemSettings,
        _ devices: BlockDevices,
        _ disk: [UInt8]
    ) throws(AgentError) {
        let isExt4 = ConfigurationLines.is(settings.data.type, "ext4")
        let path = settings.dataPath
        let device = try partition(settings.data.number, devices, disk)
        try Kernel.mount(
            device,
            on: path,
            type: settings.data.type,
            flags: platform_mount_no_access_time | platform_mount_no_set_id
                | platform_mount_no_devices,
            options: isExt4 ? "errors=remount-ro" : ""
        )
        if isExt4 { grow(path, on: device) }
        Kernel.makeFolders(path.appending("/bundles"))
    }

    /// Grows the file system to its partition, which may have been enlarged when it was written.
    private static func grow(_ path: Path, on device: Path) {
        do throws(AgentError) {
            let size = try OwnedFile(device, how: platform_open_read).status().size_bytes
            // Safe: a path ends with NUL.
            let result = unsafe platform_grow_ext4(path.bytes, size)
            guard result >= 0 else { throw .system(.grow, code: -result, path: path) }
            if result > 0 { Log.note("data grown to MiB:", Int(size >> 20)) }
        } catch {
            Log.note(error)
        }
    }
}
