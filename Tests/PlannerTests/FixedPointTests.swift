import InferenceRuntime
import Testing

@testable import Planner

@Suite("Fixed point")
struct FixedPointTests {
    @Test("a factor stands for its ratio within half a unit of its last place")
    func accuracy() throws {
        var random = Random(state: 11)
        for _ in 0..<2000 {
            let exponent = random.below(50) - 25
            let ratio =
                Double(1 + random.below(1 << 30)) / Double(1 << 30)
                * Double(sign: .plus, exponent: exponent, significand: 1)
            let factor = try FixedPoint.scaleFactor(ratio)
            guard factor.multiplier != 0 else { continue }
            #expect(factor.multiplier >= 1 << 30)
            let unit = Double(sign: .plus, exponent: Int(factor.exponent) - 31, significand: 1)
            #expect(abs(Double(factor.multiplier) * unit - ratio) <= unit / 2)
        }
    }

    @Test(
        "ratios at the edges",
        arguments: [
            (0.5, 1 << 30, 0), (1.0, 1 << 30, 1), (0.25, 1 << 30, -1), (0.0, 0, 0),
            // Rounds up to the next power of two.
            (0.999_999_999_9, 1 << 30, 1),
            // Too small for a shift of 31.
            (0x1p-33, 0, 0), (0x1p-32, 1 << 30, -31),
        ] as [(Double, Int32, Int32)]
    )
    func edges(ratio: Double, multiplier: Int32, exponent: Int32) throws {
        let expected = ScaleFactor(multiplier: multiplier, exponent: exponent)
        #expect(try FixedPoint.quantizeMultiplier(ratio) == expected)
    }

    @Test("ratios that no factor holds are refused", arguments: [0x1p31, .infinity, -1, .nan])
    func refusal(ratio: Double) {
        #expect(throws: PlanFault.self) { try FixedPoint.scaleFactor(ratio) }
    }

    @Test("requantization is monotonic and exact to the rounding of its two steps")
    func requantize() throws {
        let factor = try FixedPoint.scaleFactor(0.0371)
        var last = Int32.min
        for x in stride(from: Int32(-200_000), through: 200_000, by: 7) {
            let y = FixedPoint.requantize(x, factor)
            #expect(y >= last)
            #expect(abs(Double(y) - Double(x) * 0.0371) <= 0.5 + 0x1p-4)
            last = y
        }
    }

    @Test(
        "halves round away from zero when shifted",
        arguments: [(5, 1, 3), (-5, 1, -3), (6, 2, 2), (-6, 2, -2), (-7, 2, -2), (7, 0, 7)]
            as [(Int64, Int32, Int64)]
    )
    func shift(x: Int64, shift: Int32, expected: Int64) {
        #expect(FixedPoint.roundingShift(x, shift) == expected)
    }
}
