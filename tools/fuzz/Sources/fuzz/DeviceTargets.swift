import AgentProtocol
import BootControl

// What the first process reads, and what boot loaders keep.

extension Fuzz {
    /// Settings that are read keep their limits.
    static func systemSettings(_ bytes: [UInt8]) {
        guard let read = try? SystemSettings.parse(bytes) else { return }
        guard (1...9).contains(read.tries), read.dataPath.bytes.first == 0x2F,
            (1...SystemSettings.partitionMax).contains(read.config.number)
        else { fatalError("settings out of their limits") }
        guard case .uboot(_, let size, let first, let second) = read.bootControl else { return }
        guard UBootEnvironment.sizes.contains(size), first >= 0, second >= 0,
            max(first, second) - min(first, second) >= Int64(size)
        else { fatalError("two copies in one place") }
    }

    /// Settings that are read keep their limits.
    static func deviceSettings(_ bytes: [UInt8]) {
        guard let read = try? DeviceSettings.parse(bytes) else { return }
        guard (1...63).contains(read.hostname.count),
            read.services.count <= DeviceSettings.serviceCountMax,
            read.services.allSatisfy({ $0.first?.first == 0x2F && $0.count <= 64 }),
            read.network == .none || read.interface != nil
        else { fatalError("settings out of their limits") }
    }
}
