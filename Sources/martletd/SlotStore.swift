import AgentProtocol
import BootControl
import CPlatform

/// The boot loader's choice on this device's disk, found by `/etc/system.conf`.
struct SlotStore {
    private static let mountPoint = Path(fixed: "/run/martlet-boot")
    private static let busy: Int32 = 16
    private let settings: SystemSettings
    private let partition: Path
    /// The slot that runs, as the kernel was told.
    let running: Slot

    /// Finds the partition.
    ///
    /// - Throws: `slotUnknown` where there is one slot only.
    init(
        _ settings: SystemSettings,
        devices: BlockDevices = .ofSystem,
        commandLine: [UInt8] = Kernel.commandLine
    ) throws(AgentError) {
        self.settings = settings
        guard let number = settings.bootControl.partition,
            let running = SlotStore.slot(in: commandLine)
        else { throw .slotUnknown(Path(fixed: "/proc/cmdline")) }
        guard let disk = devices.disk(settings.disk) else { throw .diskMissing(devices.sysfs) }
        guard let path = devices.partition(number, of: disk) else {
            throw .partitionMissing(number: number)
        }
        self.running = running
        partition = path
    }

    var tries: UInt8 { settings.tries }

    /// The slot that `martlet.slot=` names.
    static func slot(in commandLine: [UInt8]) -> Slot? {
        guard let value = Kernel.argument("martlet.slot", in: commandLine), value.count == 1
        else { return nil }
        return Slot(rawValue: value[0])
    }

    /// Reads the choice.
    func read() throws(AgentError) -> LoaderChoice {
        defer { release() }
        return try LoaderChoice.read(
            settings.bootControl,
            tries: tries,
            from: open(isWriting: false)
        )
    }

    /// Confirms the running slot; false when it was confirmed.
    func confirm() throws(AgentError) -> Bool {
        let choice = try read()
        guard let change = try choice.confirming(running, tries: tries, at: partition) else {
            return false
        }
        try write(change)
        return true
    }

    /// Lets the loader try a slot at the next start.
    ///
    /// - Returns: whether the firmware must be told at the restart.
    func prepareTrial(of slot: Slot) throws(AgentError) -> Bool {
        let choice = try read()
        if let change = try choice.trying(slot, tries: tries, at: partition) {
            try write(change)
        }
        return choice.needsTrialRestart(slot)
    }

    /// Writes in place and returns when the medium has it.
    @inline(never)
    private func write(_ change: LoaderChoice.Change) throws(AgentError) {
        defer { release() }
        let file = try open(isWriting: true)
        try file.write(change.bytes, at: change.offset)
        try file.synchronize()
    }

    /// Opens the partition, or mounts it and opens the file on it; `release` follows in any case.
    @inline(never)
    private func open(isWriting: Bool) throws(AgentError) -> OwnedFile {
        let how = isWriting ? platform_open_read_write : platform_open_read
        guard let name = settings.bootControl.filePath else {
            return try OwnedFile(partition, how: how)
        }
        do throws(AgentError) {
            try mount(isWriting ? 0 : platform_mount_read_only)
        } catch {
            // It is mounted elsewhere, to be written: then here as well.
            guard !isWriting, case .system(.mount, SlotStore.busy, _) = error else { throw error }
            try mount(0)
        }
        return try OwnedFile(SlotStore.mountPoint.appending("/").appending(name), how: how)
    }

    @inline(never)
    private func mount(_ flags: UInt32) throws(AgentError) {
        let flags = flags | platform_mount_no_set_id | platform_mount_no_devices
        try Kernel.mount(
            partition,
            on: SlotStore.mountPoint,
            type: TextLine("vfat").bytes,
            flags: flags | platform_mount_no_programs
        )
    }

    /// Takes the mount away, at the latest when the file is closed.
    @inline(never)
    private func release() {
        guard settings.bootControl.filePath != nil else { return }
        // Safe: the path ends with NUL.
        _ = unsafe platform_unmount(SlotStore.mountPoint.bytes, 1)
    }
}
