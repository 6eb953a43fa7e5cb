// U-Boot's environment with redundancy (CONFIG_ENV_REDUNDANT), which libubootenv reads as well.
// Two copies of one size, at two places of the disk, each:
//
//   0 u32 CRC-32 of byte 5 to the end, little-endian | 4 u8 flag
//   5 NAME=VALUE 0 NAME=VALUE 0 ... 0 | zeros to the end
//
// Which copy counts:
//   both wrong            none: the defaults
//   one right             that one
//   flags 255 and 0       the one with 0, which came after 255
//   otherwise             the one with the greater flag; the first one when they are equal
//
// Invariants:
// 1. A change writes the copy that does not count, with the flag of the other plus 1; the copy
//    that counts is never touched. So a write that is cut short at any byte leaves the state before
//    or, when all of it is there, the state after.
// 2. The entries end at the first empty one or at the end; bytes after it mean nothing.
// 3. An entry holds no zero byte and is not empty.

/// The two copies of U-Boot's environment, and which of them counts.
public struct UBootEnvironment: Sendable, Hashable {
    /// The sizes of a copy that are taken, in bytes.
    public static let sizes = 128...65_536
    private static let headSizeBytes = 5

    /// The size of a copy in bytes.
    public let sizeBytes: Int
    /// The copy that counts, 0 or 1; `nil` when both are damaged.
    public let current: Int?
    /// The flag of that copy; 0 when both are damaged.
    public let flag: UInt8
    /// The variables of that copy; `nil` when both are damaged, and the loader's defaults hold.
    public let variables: BootVariables?

    /// Reads both copies.
    ///
    /// A copy of another size than `sizeBytes` counts as damaged: the medium gave no more.
    ///
    /// - Throws: `BootControlError.sizeUnsupported`.
    public init(first: [UInt8], second: [UInt8], sizeBytes: Int) throws(BootControlError) {
        guard UBootEnvironment.sizes.contains(sizeBytes) else {
            throw .sizeUnsupported(sizeBytes: sizeBytes)
        }
        self.sizeBytes = sizeBytes
        let isFirstWhole = UBootEnvironment.isWhole(first, sizeBytes)
        let isSecondWhole = UBootEnvironment.isWhole(second, sizeBytes)
        guard isFirstWhole || isSecondWhole else {
            current = nil
            flag = 0
            variables = nil
            return
        }
        let isSecond =
            isSecondWhole && (!isFirstWhole || UBootEnvironment.isNewer(second[4], than: first[4]))
        let copy = isSecond ? second : first
        current = isSecond ? 1 : 0
        flag = copy[4]
        variables = UBootEnvironment.variables(in: copy)
    }

    /// What to write so that `variables` hold: the number of the copy that does not count, and its
    /// new bytes.
    ///
    /// - Throws: `full`, `variableUnstorable`.
    public func successor(
        _ variables: BootVariables
    ) throws(BootControlError) -> (copy: Int, bytes: [UInt8]) {
        let bytes = try UBootEnvironment.encode(variables, sizeBytes: sizeBytes, flag: flag &+ 1)
        return (current == 0 ? 1 : 0, bytes)
    }

    /// The two copies of a new device; the first one counts, and the second holds the same.
    ///
    /// - Throws: `sizeUnsupported`, `full`, `variableUnstorable`.
    public static func initial(
        _ variables: BootVariables,
        sizeBytes: Int
    ) throws(BootControlError) -> (first: [UInt8], second: [UInt8]) {
        let first = try encode(variables, sizeBytes: sizeBytes, flag: 1)
        return (first, try encode(variables, sizeBytes: sizeBytes, flag: 0))
    }

    /// The bytes of one copy.
    ///
    /// - Throws: `sizeUnsupported`, `full`, `variableUnstorable`.
    public static func encode(
        _ variables: BootVariables,
        sizeBytes: Int,
        flag: UInt8
    ) throws(BootControlError) -> [UInt8] {
        guard sizes.contains(sizeBytes) else { throw .sizeUnsupported(sizeBytes: sizeBytes) }
        var data: [UInt8] = []
        for (index, entry) in variables.entries.enumerated() {
            guard !entry.isEmpty, !entry.contains(0) else {
                throw .variableUnstorable(index: index)
            }
            data += entry
            data.append(0)
        }
        let room = sizeBytes - headSizeBytes
        guard data.count < room else { throw .full(neededBytes: data.count + 1, limitBytes: room) }
        data += [UInt8](repeating: 0, count: room - data.count)
        let sum = CRC32.sum(data[...])
        var bytes: [UInt8] = []
        for shift in [UInt32(0), 8, 16, 24] { bytes.append(UInt8(sum >> shift & 0xFF)) }
        bytes.append(flag)
        return bytes + data
    }

    private static func isWhole(_ copy: [UInt8], _ sizeBytes: Int) -> Bool {
        guard copy.count == sizeBytes else { return false }
        var stored: UInt32 = 0
        for byte in copy[..<4].reversed() { stored = stored << 8 | UInt32(byte) }
        return stored == CRC32.sum(copy[headSizeBytes...])
    }

    private static func isNewer(_ flag: UInt8, than other: UInt8) -> Bool {
        if flag == 0, other == 255 { return true }
        if flag == 255, other == 0 { return false }
        return flag > other
    }

    private static func variables(in copy: [UInt8]) -> BootVariables {
        var entries: [[UInt8]] = []
        var start = headSizeBytes
        while start < copy.count, copy[start] != 0 {
            let end = copy[start...].firstIndex(of: 0) ?? copy.count
            entries.append([UInt8](copy[start..<end]))
            start = end + 1
        }
        return BootVariables(entries: entries)
    }
}
