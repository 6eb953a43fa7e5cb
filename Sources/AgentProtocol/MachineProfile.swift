// How a profile and a machine meet. A profile is one line of words, the form in which the agent
// carries all of them:
//
//   NAME ARCHITECTURES FEATURES PAGE-SIZE MEMORY [MARK ...]
//
// ARCHITECTURES and FEATURES are words joined by commas (`-`: no features), PAGE-SIZE and MEMORY
// are bytes, a MARK is one of `MachineFacts.marks`.
//
// Invariants: 1. A profile fits when its architecture is the machine's, one of its marks (when it
// has any) is the machine's, the machine has every feature, its pages are at most PAGE-SIZE and
// its memory at least MEMORY; an unknown page size or memory fits. 2. Of those that fit the best
// is the one with the mark that comes first among the machine's, then the one with the most
// features, then with the fewest architectures, then the first by name.

/// Why a profile does not fit a machine; the first that applies, in this order.
package enum Misfit: UInt8, Sendable {
    case architecture, board, features, pageSize, memory
}

/// The part of a target profile that decides which machines it is for.
package struct MachineProfile: Sendable {
    package let name: [UInt8]
    /// One bit an architecture.
    package private(set) var architectures: UInt32 = 0
    /// What every processor of the class can do.
    package private(set) var features = ProcessorFeatures()
    /// The largest page size that bundles are laid out for.
    package let pageSizeBytes: UInt64
    /// The memory that agent and model may use.
    package let memoryBytes: UInt64
    /// What recognises the board; empty for a class of processors.
    package private(set) var marks: [[UInt8]] = []

    /// Reads a line; `nil` when it breaks the form or names what is not known.
    package init?(line: [UInt8]) {
        var words = Words(line)
        guard let name = words.next(0x20), let architectures = words.next(0x20),
            let features = words.next(0x20),
            let pageSize = words.nextNumber(),
            let memory = words.nextNumber()
        else { return nil }
        self.name = name
        pageSizeBytes = pageSize
        memoryBytes = memory
        while let mark = words.next(0x20) { marks.append(mark) }
        var parts = Words(architectures)
        while let word = parts.next(0x2C) {
            guard let architecture = MachineArchitecture(word: word) else { return nil }
            self.architectures |= 1 << UInt32(architecture.rawValue)
        }
        guard !features.equals("-") else { return }
        parts = Words(features)
        while let word = parts.next(0x2C) {
            guard let bit = ProcessorFeatures.bit(of: word) else { return nil }
            self.features.bits |= bit
        }
    }

    /// Why this profile is not for a machine; `nil` when it fits.
    package func misfit(_ facts: MachineFacts) -> Misfit? {
        guard let architecture = facts.architecture,
            architectures >> UInt32(architecture.rawValue) & 1 != 0
        else { return .architecture }
        if !marks.isEmpty, specificity(facts) == 0 { return .board }
        guard facts.features.contains(features) else { return .features }
        guard facts.pageSizeBytes <= pageSizeBytes else { return .pageSize }
        guard facts.memoryBytes == 0 || facts.memoryBytes >= memoryBytes else { return .memory }
        return nil
    }

    /// How well a profile that fits does so, by invariant 2 but for the name; more is better.
    fileprivate func rank(_ facts: MachineFacts) -> Int {
        (specificity(facts) << 12) + (features.bits.nonzeroBitCount << 6)
            + (32 - architectures.nonzeroBitCount)
    }

    /// How exactly the marks name this machine: 0 not at all, most for the machine's first.
    private func specificity(_ facts: MachineFacts) -> Int {
        var rest = facts.marks.count
        for mark in facts.marks {
            for own in marks where own == mark { return rest }
            rest -= 1
        }
        return 0
    }
}

/// The profiles that fit a machine, and the order between them.
package enum ProfileChoice {
    /// The places in `profiles`, which are sorted by name, of those that fit, the best first.
    package static func fitting(_ profiles: [MachineProfile], _ facts: MachineFacts) -> [Int] {
        var chosen: [Int] = []
        var limit = Int.max
        while true {
            var best = -1
            var place = 0
            for index in 0..<profiles.count where profiles[index].misfit(facts) == nil {
                let order = profiles[index].rank(facts) * profiles.count - index
                if order > best, order < limit {
                    best = order
                    place = index
                }
            }
            guard best >= 0 else { return chosen }
            chosen.append(place)
            limit = best
        }
    }

    /// The profiles that the agent carries, sorted by name.
    package static func builtIn() -> [MachineProfile] {
        var profiles: [MachineProfile] = []
        var lines = Words(TextLine(MachineProfileTable.text).bytes)
        while let line = lines.next(0x0A) {
            if let profile = MachineProfile(line: line) { profiles.append(profile) }
        }
        return profiles
    }
}
