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
        try withFile(isWriting: false) { (file: borrowing OwnedFile) throws(AgentError) in
            try LoaderChoice.read(settings.bootControl, tries: tries, from: file)
        }
    }

    /// Confirms the running slot; false when it was confirmed.
    func confirm() throws(AgentError) -> Bool {
        let choice = try read()
        let change: LoaderChoice.Change?
        do throws(BootControlError) {
            change = try choice.confirming(running, tries: tries)
        } catch {
            throw .bootControl(error, partition)
        }
        try write(change)
        return change != nil
    }

    /// Lets the loader try a slot at the next start.
    ///
    /// - Returns: whether the firmware must be told at the restart.
    func prepareTrial(of slot: Slot) throws(AgentError) -> Bool {
        let choice = try read()
        let change: LoaderChoice.Change?
        do throws(BootControlError) {
            change = try choice.trying(slot, tries: tries)
        } catch {
            throw .bootControl(error, partition)
        }
        try write(change)
        return choice.needsTrialRestart(slot)
    }

    /// Writes in place and returns when the medium has it.
    private func write(_ change: LoaderChoice.Change?) throws(AgentError) {
        guard let change else { return }
        try withFile(isWriting: true) { (file: borrowing OwnedFile) throws(AgentError) in
            try file.write(change.bytes, at: change.offset)
            try file.synchronize()
        }
    }

    /// Opens the partition, or mounts it and opens the file on it.
    private func withFile<Result>(
        isWriting: Bool,
        _ body: (borrowing OwnedFile) throws(AgentError) -> Result
    ) throws(AgentError) -> Result {
        let how = isWriting ? platform_open_read_write : platform_open_read
        guard let name = settings.bootControl.filePath else {
            return try body(OwnedFile(partition, how: how))
        }
        let path = SlotStore.mountPoint.appending("/").appending(name)
        do throws(AgentError) {
            try mount(isWriting ? 0 : platform_mount_read_only)
        } catch {
            // It is mounted elsewhere, to be written: then here as well.
            guard !isWriting, case .system(.mount, SlotStore.busy, _) = error else { throw error }
            try mount(0)
        }
        // Safe: the path ends with NUL.
        defer { _ = unsafe platform_unmount(SlotStore.mountPoint.bytes, 1) }
        return try body(OwnedFile(path, how: how))
    }

    private func mount(_ flags: UInt32) throws(AgentError) {
        let flags = flags | platform_mount_no_set_id | platform_mount_no_devices
        try Kernel.mount(
            partition,
            on: SlotStore.mountPoint,
            type: TextLine("vfat").bytes,
            flags: flags | platform_mount_no_programs
        )
    }
}
