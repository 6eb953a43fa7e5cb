import AgentProtocol
import BootControl
import CPlatform

/// Hands the system over to the init of the booted slot's root file system.
///
///     /mnt/root     the root partition, read-only
///     /mnt/changes  memory, for what is changed until the next start
///     /mnt/merged   both, the new root; /proc /sys /dev /run, configuration and data move into it
enum HandOver {
    /// Twice what the agent may have.
    private static let programSizeMax = 1 << 20
    private static let merged = Path(fixed: "/mnt/merged")

    /// Never returns but by throwing.
    static func run(
        _ system: borrowing MountedSystem,
        _ roots: (a: SystemSettings.Volume, b: SystemSettings.Volume)
    ) throws(AgentError) {
        let root = system.slot == .b ? roots.b : roots.a
        try mountRoot(system.partition(root.number), type: root.type)
        writeFiles(system.device)
        note { () throws(AgentError) in try writeMachineID(system.settings.dataPath) }
        let kernel: [StaticString] = ["/proc", "/sys", "/dev", "/run"]
        for path in kernel.map({ Path(fixed: $0) }) + [
            MountedSystem.configPath, system.settings.dataPath,
        ] {
            try Kernel.moveMount(path, to: HandOver.merged.appending(path.text))
        }
        Log.note("handing over to /sbin/init")
        // Safe: the path ends with NUL.
        var result = unsafe platform_change_root(HandOver.merged.bytes)
        guard result >= 0 else {
            throw .system(.changeRoot, code: -result, path: HandOver.merged)
        }
        let program = Path(fixed: "/sbin/init")
        // Safe: one word with its NUL.
        result = unsafe platform_execute(program.bytes, 1)
        throw .system(.start, code: -result, path: program)
    }

    private static func mountRoot(_ device: Path, type: [UInt8]) throws(AgentError) {
        try Kernel.mount(
            device,
            on: Path(fixed: "/mnt/root"),
            type: type,
            flags: platform_mount_read_only | platform_mount_no_access_time
        )
        try Kernel.mount(
            Path(fixed: "tmpfs"),
            on: Path(fixed: "/mnt/changes"),
            type: TextLine("tmpfs").bytes,
            flags: 0,
            options: "mode=0755"
        )
        Kernel.makeFolders(Path(fixed: "/mnt/changes/upper"))
        Kernel.makeFolders(Path(fixed: "/mnt/changes/work"))
        try Kernel.mount(
            Path(fixed: "overlay"),
            on: HandOver.merged,
            type: TextLine("overlay").bytes,
            flags: platform_mount_no_access_time,
            options: "lowerdir=/mnt/root,upperdir=/mnt/changes/upper,workdir=/mnt/changes/work"
        )
    }

    /// Tells the new system its name, its network, and where its slots are, and gives it this
    /// program as its agent.
    private static func writeFiles(_ device: DeviceSettings) {
        let etc = HandOver.merged.appending("/etc/")
        let name = device.hostname + [0x0A]
        note { () throws(AgentError) in
            try Kernel.writeFile(etc.appending("hostname"), name)
        }
        note { () throws(AgentError) in
            let text = try OwnedFile(Path(fixed: "/etc/system.conf"), how: platform_open_read)
                .contents(sizeMax: SystemSettings.sizeMax)
            try Kernel.writeFile(etc.appending("system.conf"), text)
        }
        note { () throws(AgentError) in
            let program = try OwnedFile(Path(fixed: "/proc/self/exe"), how: platform_open_read)
                .contents(sizeMax: programSizeMax)
            let path = merged.appending("/usr/bin/martletd")
            try Kernel.writeFile(path, program, permissions: 0o755)
        }
        guard let unit = Networking.unit(device) else { return }
        let folder = Path(fixed: "/run/systemd/network")
        Kernel.makeFolders(folder)
        note { () throws(AgentError) in
            try Kernel.writeFile(folder.appending("/10-martlet.network"), unit)
        }
    }

    /// Gives the new system the identity that it had at its first start, kept among the data.
    ///
    /// A root that forgets would be new at every start: it would ask for its configuration, and
    /// be a stranger to the network's DHCP server.
    private static func writeMachineID(_ data: Path) throws(AgentError) {
        let path = data.appending("/machine-id")
        var line = ((try? OwnedFile(path, how: platform_open_read).beginning(count: 64)) ?? [])
        if line.count != 33 {
            var bytes = [UInt8](repeating: 0, count: 16)
            // Safe: the pointer and the count are the array's.
            guard unsafe platform_random(&bytes, bytes.count) >= 0 else { throw .noRandomness }
            var text = TextLine()
            text.append(hexadecimal: bytes)
            text.append("\n")
            line = text.bytes
            let file = try OwnedFile(path, how: platform_open_write | platform_open_create)
            try file.write(line, at: 0)
            try file.synchronize()
        }
        try Kernel.writeFile(merged.appending("/etc/machine-id"), line)
    }

    @inline(never)
    private static func note(_ body: () throws(AgentError) -> Void) {
        do throws(AgentError) {
            try body()
        } catch {
            Log.note(error)
        }
    }
}
