import Testing

@testable import InferenceRuntime

@Suite("Hostile programs")
struct MutationTests {
    /// Every value that borders on a limit somewhere.
    private static let interesting: [UInt32] = [
        0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x100, 0xFFF, 0x1000, 0xFFFF, 0x10000, 0x3FFF_FFFF,
        0x4000_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FF80, 0xFFFF_FFFF,
    ]

    /// A program without and one with state.
    enum Kind: Sendable, CaseIterable {
        case small, memory

        var program: SmallProgram { self == .small ? SmallProgram() : .memory() }
    }

    @Test(
        "every bit of every section is refused or harmless when flipped",
        arguments: Kind.allCases
    )
    func everyBit(kind: Kind) throws {
        let small = kind.program
        for part in [\SmallProgram.program, \.weights, \.scales, \.constants] {
            for bit in 0..<small[keyPath: part].count * 8 {
                var changed = small
                changed[keyPath: part][bit / 8] ^= 1 << UInt8(bit % 8)
                try runIfValid(changed, "bit \(bit)")
            }
        }
    }

    @Test(
        "random words in random places are refused or harmless",
        arguments: [0x5EED_0001, 0x5EED_0002, 0x5EED_0003, 0x5EED_0004] as [UInt64],
        Kind.allCases
    )
    func randomWords(seed: UInt64, kind: Kind) throws {
        let small = kind.program
        var random = Random(state: seed)
        var survivors = 0
        for round in 0..<4000 {
            var changed = small
            for _ in 0...random.below(3) {
                let parts = [\SmallProgram.program, \.program, \.scales, \.constants]
                    .filter { !small[keyPath: $0].isEmpty }
                let part = parts[random.below(parts.count)]
                let place = random.below(changed[keyPath: part].count / 4) * 4
                let value = Self.interesting[random.below(Self.interesting.count)]
                for byte in 0..<4 {
                    changed[keyPath: part][place + byte] = UInt8(
                        truncatingIfNeeded: value >> (8 * byte)
                    )
                }
            }
            if try runIfValid(changed, "seed \(seed), round \(round)") { survivors += 1 }
        }
        // Otherwise only the door was tested, not the house.
        #expect(survivors > 100, "seed \(seed)")
    }

    /// Whether the program is valid; then it runs and must leave the arena's surroundings alone.
    @discardableResult
    private func runIfValid(_ small: SmallProgram, _ label: String) throws -> Bool {
        let size = small.program[24..<28].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let memory = ProgramMemory(small, arenaSize: Int(min(max(size, 1), 1 << 20)))
        guard let program = try? memory.validated(), program.arenaSizeBytes <= 1 << 20 else {
            return false
        }
        let input = (0..<1024).map { UInt8(truncatingIfNeeded: $0 &* 89) }
        #expect(try memory.infer(program, input) != nil, "\(label) wrote outside the arena")
        return true
    }
}

/// SplitMix64, so that a printed seed repeats a run.
private struct Random {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(bound))
    }
}
