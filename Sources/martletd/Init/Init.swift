// The first process of a device.
//
//   prepare ──> disk ──> volumes ──> network ──> supervise ──> stop ──> restart or power off
//      │          │         │            (no step of it is fatal)            ^
//      │          │         └── root-a/-b: hand over ──> /sbin/init          │
//      └──────────┴──────── fatal: say why, wait 5 s ────────────────────────┘
//
// Invariants:
// 1. The first process never exits: every path ends in a restart, in power off, or in another init.
// 2. Everything that can fail is tried once, is logged, and either has a substitute or leads to a
//    restart, so that the boot loader's count of attempts can fall back to the other slot.
// 3. The slot is confirmed only after its rule holds; nothing before that touches the loader's place.
// 4. No wait is without an end, but the one for the next event in `supervise`.

import AgentProtocol
import CPlatform

/// The life of the first process.
enum Init {
    /// How a system ends.
    enum Ending {
        case restart, powerOff
    }

    private static let fatalWait: Int64 = 5_000_000_000
    private static let moduleListSizeMax = 65_536

    /// Whether this process was started as the first one of a system.
    static func isAsked(_ arguments: inout ArgumentReader) -> Bool {
        guard platform_process_id() == 1 else { return false }
        return arguments.take("init") || arguments.programName == TextLine("init").bytes
    }

    /// Runs the system; never returns.
    static func run() -> Never {
        mountKernelFileSystems()
        var line = TextLine("init ")
        line.append(Martletd.version)
        Log.note(line)
        _ = platform_end_system(platform_end_handle_keys, nil)
        do throws(AgentError) {
            let settings = try SystemFile.read(Path(fixed: "/etc/system.conf"))
            loadModules()
            let system = try MountedSystem(settings)
            if let roots = settings.roots { try HandOver(system, roots).run() }
            let network = Networking.begin(system.device)
            var supervisor = try Supervisor(system, network: network)
            let ending = supervisor.run()
            supervisor.stop()
            system.unmount()
            end(ending)
        } catch {
            Log.note(error)
            Log.note("restarting in seconds:", Int(fatalWait / 1_000_000_000))
            platform_sync_all()
            platform_sleep(fatalWait)
            end(.restart)
        }
    }

    /// Ends the system, telling the firmware what `martletd slot try` left for it.
    private static func end(_ ending: Ending) -> Never {
        var argument: [UInt8] = []
        if let file = try? OwnedFile(Path(fixed: "/run/martlet.restart"), how: platform_open_read) {
            argument = ((try? file.beginning(count: 64)) ?? []).filter { $0 >= 0x20 }
        }
        Log.note(ending == .restart ? "restarting" : "switching off")
        let how = ending == .restart ? platform_end_restart : platform_end_power_off
        if argument.isEmpty || ending == .powerOff {
            _ = platform_end_system(how, nil)
        } else {
            argument.append(0)
            // Safe: the argument ends with NUL.
            _ = unsafe platform_end_system(how, argument)
        }
        while true { platform_sleep(fatalWait) }
    }

    /// What every program needs; a mount that is there already is as good.
    private static func mountKernelFileSystems() {
        let plain = platform_mount_no_set_id | platform_mount_no_devices
        let mounts: [(StaticString, StaticString, UInt32, StaticString)] = [
            ("proc", "/proc", plain | platform_mount_no_programs, ""),
            ("sysfs", "/sys", plain | platform_mount_no_programs, ""),
            ("devtmpfs", "/dev", platform_mount_no_set_id, "mode=0755"),
            ("tmpfs", "/run", plain, "mode=0755,size=25%"),
            ("tmpfs", "/tmp", plain, "mode=1777,size=25%"),
        ]
        for (type, target, flags, options) in mounts {
            _ = try? Kernel.mount(
                Path(fixed: type),
                on: Path(fixed: target),
                type: TextLine(type).bytes,
                flags: flags,
                options: options
            )
        }
        // Safe: the path ends with NUL.
        _ = unsafe platform_use_console(Path(fixed: "/dev/console").bytes)
    }

    /// Loads the modules that the builder chose, in its order.
    private static func loadModules() {
        let folder = Path(fixed: "/lib/modules/")
        do throws(AgentError) {
            let list = try OwnedFile(folder.appending("order"), how: platform_open_read)
                .contents(sizeMax: moduleListSizeMax)
            for name in list.split(separator: 0x0A) {
                do throws(AgentError) {
                    try Kernel.loadModule(folder.appending([UInt8](name)))
                } catch {
                    Log.note(error)
                }
            }
        } catch {
            Log.note(error)
        }
    }
}
