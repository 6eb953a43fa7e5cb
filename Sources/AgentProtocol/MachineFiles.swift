/// A file of `/proc` or `/sys` that tells of the machine, in the order in which they are read.
package enum MachineFile: UInt8, Sendable, CaseIterable {
    case processors, memory, mappings, vendor, product, chassis
    case compatible, compatibleInProc, model, modelInProc

    /// The path below the root.
    package var path: StaticString {
        switch self {
        case .processors: "/proc/cpuinfo"
        case .memory: "/proc/meminfo"
        case .mappings: "/proc/self/smaps"
        case .vendor: "/sys/class/dmi/id/sys_vendor"
        case .product: "/sys/class/dmi/id/product_name"
        case .chassis: "/sys/class/dmi/id/chassis_type"
        case .compatible: "/sys/firmware/devicetree/base/compatible"
        case .compatibleInProc: "/proc/device-tree/compatible"
        case .model: "/sys/firmware/devicetree/base/model"
        case .modelInProc: "/proc/device-tree/model"
        }
    }

    /// The first bytes that are read; what comes after is not looked at.
    package var sizeMax: Int {
        // A processor takes 1 to 2 KiB of text, and all of a machine have the same features.
        // What the others are asked for is among their first lines.
        rawValue == MachineFile.processors.rawValue ? 65_536 : 4_096
    }
}

extension MachineFacts {
    /// Takes in the first bytes of a file, whatever they are.
    ///
    /// - Parameters:
    ///   - file: which file it is.
    ///   - bytes: its first bytes; more than `file.sizeMax` are not looked at.
    package mutating func take(_ file: MachineFile, _ bytes: [UInt8]) {
        let bytes = [UInt8](bytes.prefix(file.sizeMax))
        switch file {
        case .processors: takeProcessors(bytes)
        case .memory: memoryBytes = MachineFacts.kibibytes(in: bytes, after: "MemTotal:")
        case .mappings:
            let size = MachineFacts.kibibytes(in: bytes, after: "KernelPageSize:")
            if size & (size &- 1) == 0 { pageSizeBytes = size }
        case .vendor: model = MachineFacts.text(bytes)
        case .product: takeProduct(MachineFacts.text(bytes))
        case .chassis: addMark("chassis=", MachineFacts.text(bytes))
        case .compatible, .compatibleInProc:
            var names = Words(bytes)
            while let name = names.next(0) { addMark("tree=", name) }
        case .model, .modelInProc: model = MachineFacts.text(bytes)
        }
    }

    /// Reads `/proc/cpuinfo`: the lines `flags` (x86), `Features` (ARM) and `isa` (RISC-V).
    ///
    /// A feature counts when every processor in the text has it.
    private mutating func takeProcessors(_ bytes: [UInt8]) {
        var common: UInt32 = .max
        var isRISCV = false
        var lines = Words(MachineFacts.wholeLines(bytes))
        while let line = lines.next(0x0A) {
            var words = Words(line)
            let key = words.next(0x20) ?? []
            guard key.equals("flags") || key.equals("Features") || key.equals("isa") else {
                continue
            }
            var bits: UInt32 = 0
            while let word = words.next(0x20) {
                bits |= ProcessorFeatures.bit(of: word) ?? 0
                if [UInt8](word.prefix(4)).equals("rv64") { isRISCV = true }
            }
            common &= bits
        }
        features.bits = common == .max ? 0 : common
        // A 64-bit ARM kernel names `asimd`; a 32-bit one `thumb`, on 64-bit processors too.
        if features.contains(.longMode) {
            architecture = .x86_64
        } else if features.contains(.asimd) {
            architecture = .aarch64
        } else if features.contains(.thumbAndNeon) {
            architecture = .armv7hf
        } else if isRISCV {
            architecture = .riscv64
        }
    }

    /// Completes the name that the vendor began, and makes the mark of both.
    private mutating func takeProduct(_ product: [UInt8]) {
        var vendors = Words(model), products = Words(product)
        guard let vendor = vendors.next(0x20), let first = products.next(0x20) else { return }
        addMark("dmi=", vendor + [0x2F] + first)
        model += [0x20] + product
    }

    /// Adds a mark unless it is there; one with a space or worse is left out.
    @inline(never)
    private mutating func addMark(_ kind: StaticString, _ value: [UInt8]) {
        guard value.count <= MachineFacts.textSizeMax, marks.count < MachineFacts.markCountMax
        else { return }
        for byte in value where byte <= 0x20 || byte > 0x7E { return }
        let mark = TextLine(kind).bytes + value
        for known in marks where known == mark { return }
        marks.append(mark)
    }

    /// The text without a last line that was cut.
    @inline(never)
    private static func wholeLines(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        while let last = bytes.last, last != 0x0A { bytes.removeLast() }
        return bytes
    }

    /// The number of the first line `KEY NUMBER kB`, in bytes; 0 when there is none.
    @inline(never)
    private static func kibibytes(in bytes: [UInt8], after key: StaticString) -> UInt64 {
        var lines = Words(wholeLines(bytes))
        while let line = lines.next(0x0A) {
            var words = Words(line)
            guard (words.next(0x20) ?? []).equals(key) else { continue }
            let number = words.nextNumber() ?? 0
            let isKibibytes = (words.next(0x20) ?? []).equals("kB")
            return isKibibytes && number <= .max >> 10 ? number << 10 : 0
        }
        return 0
    }

    /// A text up to its NUL or line end; what is not printable ASCII becomes `?`.
    @inline(never)
    private static func text(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for byte in bytes.prefix(textSizeMax) {
            guard byte != 0, byte != 0x0A else { break }
            text.append((0x20...0x7E).contains(byte) ? byte : 0x3F)
        }
        while text.last == 0x20 { text.removeLast() }
        return text
    }
}
