import AgentProtocol
import BootControl
import CPlatform

/// Hands the system over to the init of the booted slot's root file system.
///
///     /mnt/root     the root partition, read-only
///     /mnt/changes  memory, for what is changed until the next start
///     /mnt/merged   both, the new root; /proc /sys /dev /run, configuration and data move into it
struct HandOver {
    private static let merged = Path(fixed: "/mnt/merged")
    private let system: MountedSystem
    private let root: SystemSettings.Volume

    init(_ system: MountedSystem, _ roots: (a: SystemSettings.Volume, b: SystemSettings.Volume)) {
        self.system = system
        root = system.slot == .b ? roots.b : roots.a
    }

    /// Never returns but by throwing.
    func run() throws(AgentError) {
        try mountRoot()
        writeFiles()
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

    private func mountRoot() throws(AgentError) {
        try Kernel.mount(
            system.partition(root.number),
            on: Path(fixed: "/mnt/root"),
            type: root.type,
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

    /// Tells the new system its name, its network, and where its slots are.
    private func writeFiles() {
        let etc = HandOver.merged.appending("/etc/")
        let name = system.device.hostname + [0x0A]
        note { () throws(AgentError) in
            try Kernel.writeFile(etc.appending("hostname"), name)
        }
        note { () throws(AgentError) in
            let text = try OwnedFile(Path(fixed: "/etc/system.conf"), how: platform_open_read)
                .contents(sizeMax: SystemSettings.sizeMax)
            try Kernel.writeFile(etc.appending("system.conf"), text)
        }
        guard let unit = Networking.unit(system.device) else { return }
        let folder = Path(fixed: "/run/systemd/network")
        Kernel.makeFolders(folder)
        note { () throws(AgentError) in
            try Kernel.writeFile(folder.appending("/10-martlet.network"), unit)
        }
    }

    private func note(_ body: () throws(AgentError) -> Void) {
        do throws(AgentError) {
            try body()
        } catch {
            Log.note(error)
        }
    }
}
