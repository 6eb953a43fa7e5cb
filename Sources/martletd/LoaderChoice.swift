import AgentProtocol
import BootControl
import CPlatform

/// What the boot loader's place on the disk says, as it was read.
///
/// A damaged environment is no reason to stop: the loader falls back to its defaults, and the next
/// change writes a whole one. A damaged `autoboot.txt` is one, because the firmware may see more in
/// it than we do.
enum LoaderChoice: Equatable {
    case uboot(UBootEnvironment, first: Int64, second: Int64)
    case grub(GrubEnvironment, isDamaged: Bool)
    case tryboot(Autoboot)

    /// What to write where.
    struct Change: Equatable {
        let offset: Int64
        let bytes: [UInt8]
    }

    /// Reads the partition of U-Boot's environment, or the file of the other loaders.
    static func read(
        _ place: SystemSettings.BootControlPlace,
        tries: UInt8,
        from file: borrowing OwnedFile
    ) throws(AgentError) -> LoaderChoice {
        do throws(BootControlError) {
            switch place {
            case .uboot(_, let size, let first, let second):
                let environment = try UBootEnvironment(
                    first: file.part(at: first, count: size),
                    second: file.part(at: second, count: size),
                    sizeBytes: size
                )
                return .uboot(environment, first: first, second: second)
            case .grub:
                let block = file.part(at: 0, count: GrubEnvironment.sizeBytes + 1)
                guard block.count == GrubEnvironment.sizeBytes else {
                    throw BootControlError.sizeUnsupported(sizeBytes: block.count)
                }
                if let environment = try? GrubEnvironment(decoding: block) {
                    return .grub(environment, isDamaged: false)
                }
                return .grub(GrubEnvironment(BootVariables(tries: tries)), isDamaged: true)
            case .tryboot:
                let text = file.part(at: 0, count: Autoboot.sizeMax + 1)
                return .tryboot(try Autoboot(decoding: text))
            case .none: break
            }
        } catch {
            throw .bootControl(error, file.path)
        }
        throw .slotUnknown(file.path)
    }

    /// The loader's variables; a damaged environment has none.
    var variables: BootVariables? {
        switch self {
        case .uboot(let environment, _, _): environment.variables
        case .grub(let environment, let isDamaged): isDamaged ? nil : environment.variables
        case .tryboot: nil
        }
    }

    /// What makes the running slot the one to come back to; `nil` when it is.
    func confirming(_ slot: Slot, tries: UInt8) throws(BootControlError) -> Change? {
        if case .tryboot(let text) = self {
            return text.confirmed == slot ? nil : Change(offset: 0, bytes: text.swapped())
        }
        let old = variables ?? BootVariables(tries: tries)
        let new = SlotChoice.confirming(slot, old, tries: tries)
        return new == variables ? nil : try storing(new)
    }

    /// What makes the loader try a slot at the next start; `nil` when nothing is to be written.
    func trying(_ slot: Slot, tries: UInt8) throws(BootControlError) -> Change? {
        if case .tryboot = self { return nil }
        let old = variables ?? BootVariables(tries: tries)
        return try storing(SlotChoice.trying(slot, old, tries: tries))
    }

    /// Whether a trial of the slot needs the firmware to be told at the restart.
    func needsTrialRestart(_ slot: Slot) -> Bool {
        if case .tryboot(let text) = self { return text.confirmed != slot }
        return false
    }

    private func storing(_ variables: BootVariables) throws(BootControlError) -> Change? {
        switch self {
        case .uboot(let environment, let first, let second):
            let next = try environment.successor(variables)
            return Change(offset: next.copy == 0 ? first : second, bytes: next.bytes)
        case .grub(var environment, _):
            environment.variables = variables
            return Change(offset: 0, bytes: try environment.encoded())
        case .tryboot: return nil
        }
    }
}

extension OwnedFile {
    /// As many of `count` bytes at an offset as the medium gives.
    fileprivate borrowing func part(at offset: Int64, count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // Safe: the array has the count that is passed.
        let result = unsafe platform_read_at(descriptor, &bytes, bytes.count, offset)
        return [UInt8](bytes.prefix(Int(max(0, result))))
    }
}
