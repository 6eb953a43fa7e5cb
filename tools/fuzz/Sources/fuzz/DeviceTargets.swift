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

    /// Two copies of U-Boot's environment, a block of GRUB's and a text of the Raspberry Pi: what is
    /// read is written again as it was, and the choice has a next step.
    static func bootControl(_ bytes: [UInt8]) {
        let half = bytes.count / 2
        let first = [UInt8](bytes[..<half])
        let second = [UInt8](bytes[half..<(2 * half)])
        if let read = try? UBootEnvironment(first: first, second: second, sizeBytes: half),
            let variables = read.variables
        {
            check(variables)
            guard let next = try? read.successor(variables) else {
                fatalError("a copy that was read does not fit")
            }
            let written = try? UBootEnvironment(
                first: next.copy == 0 ? next.bytes : first,
                second: next.copy == 1 ? next.bytes : second,
                sizeBytes: half
            )
            guard written?.current == next.copy, written?.variables == variables else {
                fatalError("a successor does not count")
            }
        }
        let room = GrubEnvironment.sizeBytes
        let block = bytes.prefix(room) + [UInt8](repeating: 0x23, count: max(0, room - bytes.count))
        if let read = try? GrubEnvironment(decoding: [UInt8](block)) {
            check(read.variables)
            guard (try? read.encoded()) == [UInt8](block) else {
                fatalError("one block, two meanings")
            }
        }
        if let text = try? Autoboot(decoding: bytes) {
            let swapped = try? Autoboot(decoding: text.swapped())
            guard swapped?.normal == text.trial, swapped?.trial == text.normal else {
                fatalError("a swap that is none")
            }
        }
    }

    /// The loader's next step loses one try, and the slot that it starts can be confirmed.
    private static func check(_ variables: BootVariables) {
        let (step, saved) = SlotChoice.nextBoot(variables, tries: 3) { _ in true }
        guard case .boot(let slot) = step else { return }
        guard saved.left(of: slot, tries: 3) < 9, variables.order.contains(slot),
            SlotChoice.isConfirmed(
                slot,
                SlotChoice.confirming(slot, saved, tries: 3),
                tries: 3
            )
        else { fatalError("a slot that cannot be confirmed") }
    }
}
