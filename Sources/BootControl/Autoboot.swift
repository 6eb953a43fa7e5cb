// autoboot.txt, which a Raspberry Pi's firmware reads from the first partition before all else:
//
//   [all]
//   tryboot_a_b=1
//   boot_partition=2          where it starts from
//   [tryboot]
//   boot_partition=3          where it starts from once, after `reboot "0 tryboot"`
//
// The firmware forgets a trial by itself: the start after it is an ordinary one. So nothing is
// counted, and to confirm a trial is to let the two numbers change places:
//
//   ordinary A ── reboot "0 tryboot" ──> trial of B ── swap ──> ordinary B
//        ^                                    │ any other end: power cut, panic, reset
//        └────────────────────────────────────┘
//
// Invariants:
// 1. The text has at most 512 bytes, what the firmware reads, so it lies in one sector; the swap
//    changes digits in place and no other byte, so it happens whole or not at all.
// 2. Slot A is in the partition with the smaller number.

/// The text that chooses the slot of a Raspberry Pi.
public struct Autoboot: Sendable, Hashable {
    /// The most bytes of the text.
    public static let sizeMax = 512

    /// The text as it was read.
    public let bytes: [UInt8]
    /// The partition of an ordinary start.
    public let normal: UInt8
    /// The partition of a trial.
    public let trial: UInt8
    private let normalRange: Range<Int>
    private let trialRange: Range<Int>

    /// Reads the text.
    ///
    /// Sections are `[all]`, in which it begins, and `[tryboot]`; what other sections and other
    /// keys say is passed over.
    ///
    /// - Throws: `BootControlError` of `autoboot.txt`.
    public init(decoding bytes: [UInt8]) throws(BootControlError) {
        guard bytes.count <= Autoboot.sizeMax else {
            throw .autobootTooLong(sizeBytes: bytes.count, limitBytes: Autoboot.sizeMax)
        }
        var reader = AutobootReader()
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            try reader.read(line)
        }
        guard let normal = reader.normal else { throw .partitionMissing(isTrial: false) }
        guard let trial = reader.trial else { throw .partitionMissing(isTrial: true) }
        guard normal.number != trial.number, normal.range.count == trial.range.count else {
            throw .partitionsUnswappable(normal: normal.number, trial: trial.number)
        }
        self.bytes = bytes
        self.normal = normal.number
        self.trial = trial.number
        normalRange = normal.range
        trialRange = trial.range
    }

    /// The slot of an ordinary start.
    public var confirmed: Slot { normal < trial ? .a : .b }

    /// The text in which the two numbers have changed places.
    public func swapped() -> [UInt8] {
        var text = bytes
        text.replaceSubrange(normalRange, with: bytes[trialRange])
        text.replaceSubrange(trialRange, with: bytes[normalRange])
        return text
    }

    /// The text of a new device, which starts from slot A.
    ///
    /// - Parameters:
    ///   - a: the number of the partition of slot A, 1 to 9.
    ///   - b: of slot B, above `a`, at most 9.
    /// - Returns: a text of three settings.
    /// - Throws: `partitionsUnswappable`.
    public static func initial(a: UInt8, b: UInt8) throws(BootControlError) -> Autoboot {
        guard (1...9).contains(a), (1...9).contains(b), a < b else {
            throw .partitionsUnswappable(normal: a, trial: b)
        }
        let text =
            BootControl.bytes(of: "[all]\ntryboot_a_b=1\nboot_partition=") + [0x30 + a]
            + BootControl.bytes(of: "\n[tryboot]\nboot_partition=") + [0x30 + b, 0x0A]
        return try Autoboot(decoding: text)
    }
}

/// Finds the two numbers line by line.
private struct AutobootReader {
    typealias Partition = (number: UInt8, range: Range<Int>)
    private enum Section {
        case all, tryboot, other
    }

    private(set) var normal: Partition?
    private(set) var trial: Partition?
    private var section = Section.all
    private var line = 0
    private let key = bytes(of: "boot_partition=")

    mutating func read(_ raw: ArraySlice<UInt8>) throws(BootControlError) {
        line += 1
        let text = raw.last == 0x0D ? raw.dropLast() : raw
        if text.first == 0x5B {
            section = Self.section([UInt8](text))
            return
        }
        guard text.starts(with: key), section != .other else { return }
        let digits = text.dropFirst(key.count)
        guard let number = Self.number(digits) else { throw .partitionMalformed(line: line) }
        let found = (number, digits.startIndex..<digits.endIndex)
        guard (section == .all ? normal : trial) == nil else {
            throw .partitionRepeated(line: line)
        }
        if section == .all { normal = found } else { trial = found }
    }

    private static func section(_ text: [UInt8]) -> Section {
        if text == bytes(of: "[all]") { return .all }
        return text == bytes(of: "[tryboot]") ? .tryboot : .other
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt8? {
        guard (1...2).contains(digits.count), digits.first != 0x30 else { return nil }
        var number: UInt8 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            number = number * 10 + (digit - 0x30)
        }
        return number
    }
}
