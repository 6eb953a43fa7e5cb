// What a boot loader keeps, in the names that RAUC's users know:
//
//   BOOT_ORDER    the slots in the order of preference, words with spaces between: "A B"
//   BOOT_A_LEFT   how many more times the loader tries slot A: one digit
//   BOOT_B_LEFT   the same of slot B
//
// Invariants:
// 1. Entries that are not of these names keep their bytes and their order.
// 2. A name has at most one entry after it was set; before, the last one counts, as it does in
//    U-Boot and GRUB, which assign one after the other.
// 3. Every content has a meaning: an absent or empty order is "A B" and words that are no slot are
//    passed over; an absent or empty count is `tries`; a count that is not one digit is 0. The
//    loaders' scripts hold the same rule, so device and loader never disagree.
// 4. Counts are one digit: GRUB's scripts cannot calculate, and U-Boot calculates in hexadecimal.

/// The variables of a boot loader's environment, as entries `NAME=VALUE` of plain bytes.
public struct BootVariables: Sendable, Hashable {
    /// The most tries that a slot can be given.
    public static let triesMax: UInt8 = 9

    /// The entries without what ends them in the environment's format.
    public private(set) var entries: [[UInt8]]

    /// Takes entries as they were read.
    public init(entries: [[UInt8]]) { self.entries = entries }

    /// The variables of a new device: A before B, `tries` for both.
    public init(tries: UInt8) {
        entries = []
        setOrder([.a, .b])
        for slot in [Slot.a, .b] { setLeft(of: slot, tries) }
    }

    /// The slots in the order of preference; each at most once.
    public var order: [Slot] {
        guard let text = value(of: BootVariables.orderName), !text.isEmpty else { return [.a, .b] }
        var slots: [Slot] = []
        for word in text.split(separator: 0x20) where word.count == 1 {
            guard let slot = Slot(rawValue: word[word.startIndex]) else { continue }
            if !slots.contains(slot) { slots.append(slot) }
        }
        return slots
    }

    /// How many more times the loader tries a slot, 0 to 9; `tries` when nothing is said.
    public func left(of slot: Slot, tries: UInt8) -> UInt8 {
        guard let text = value(of: BootVariables.leftName(slot)), !text.isEmpty else {
            return tries
        }
        guard text.count == 1, (0x30...0x39).contains(text[0]) else { return 0 }
        return text[0] - 0x30
    }

    /// Sets the order of preference.
    public mutating func setOrder(_ slots: [Slot]) {
        var text: [UInt8] = []
        for slot in slots {
            if !text.isEmpty { text.append(0x20) }
            text.append(slot.rawValue)
        }
        set(BootVariables.orderName, text)
    }

    /// Sets how many more times the loader tries a slot; more than `triesMax` is `triesMax`.
    public mutating func setLeft(of slot: Slot, _ count: UInt8) {
        set(BootVariables.leftName(slot), [0x30 + min(count, BootVariables.triesMax)])
    }

    /// The value of the last entry of a name.
    public func value(of name: [UInt8]) -> [UInt8]? {
        let start = name + [0x3D]
        guard let entry = entries.last(where: { $0.starts(with: start) }) else { return nil }
        return [UInt8](entry[start.count...])
    }

    /// Gives a name one entry, in the place of its first one or at the end.
    private mutating func set(_ name: [UInt8], _ value: [UInt8]) {
        let start = name + [0x3D]
        var isSet = false
        var kept: [[UInt8]] = []
        for entry in entries {
            guard entry.starts(with: start) else {
                kept.append(entry)
                continue
            }
            if !isSet { kept.append(start + value) }
            isSet = true
        }
        if !isSet { kept.append(start + value) }
        entries = kept
    }

    private static let orderName = bytes(of: "BOOT_ORDER")

    private static func leftName(_ slot: Slot) -> [UInt8] {
        bytes(of: "BOOT_") + [slot.rawValue] + bytes(of: "_LEFT")
    }
}

/// The bytes of a literal: comparing text by Unicode's rules costs a device 50 KB.
func bytes(of text: StaticString) -> [UInt8] {
    var bytes: [UInt8] = []
    for index in 0..<text.utf8CodeUnitCount {
        // Safe: `index` is below the literal's own length.
        unsafe bytes.append(text.utf8Start[index])
    }
    return bytes
}
