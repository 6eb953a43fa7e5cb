import Foundation
import InferenceRuntime
import ModelGraph
import Testing

@testable import Planner

@Suite("Operators of int16 against integers of 128 bits")
struct Int16PropertyTests {
    /// `ratio ≈ multiplier * 2^(exponent - 31)`, by the C library's `frexp`.
    private func factor(_ ratio: Double) -> (multiplier: Int128, exponent: Int) {
        let (fraction, exponent) = frexp(ratio)
        let multiplier = Int128((fraction * 0x1p31).rounded(.toNearestOrAwayFromZero))
        return multiplier == 1 << 31 ? (1 << 30, exponent + 1) : (multiplier, exponent)
    }

    private func halfUp(_ value: Int128, _ shift: Int) -> Int128 {
        (value + 1 << (shift - 1)) >> shift
    }

    private func halfAway(_ value: Int128, _ shift: Int) -> Int128 {
        shift == 0 ? value : value < 0 ? -halfUp(-value, shift) : halfUp(value, shift)
    }

    /// Twice rounded: by the high half of the product, then by the rest of the shift.
    private func double(_ value: Int128, _ ratio: Double) -> Int128 {
        let (multiplier, exponent) = factor(ratio)
        let high = halfUp((value << max(exponent, 0)) * multiplier, 31)
        return halfAway(high, max(-exponent, 0))
    }

    private func saturated(_ value: Int128) -> Int { Int(min(max(value, -32768), 32767)) }

    /// Sizes, scales and values of one round; half of the rounds hold int8-sized values.
    private struct Sample {
        var random: Random
        let magnitude: Int

        init(seed: UInt64, round: Int) {
            random = Random(state: seed &+ UInt64(round))
            magnitude = round.isMultiple(of: 2) ? 128 : 32768
        }

        mutating func scale() -> Float { Float(1 + random.below(1000)) / 1_000_000 }

        mutating func values(_ count: Int, below magnitude: Int) -> [Int] {
            (0..<count).map { _ in random.below(2 * magnitude) - magnitude }
        }
    }

    @Test("a convolution rounds by 15 bits of its multiplier, a dense product by 31")
    func products() throws {
        let seed: UInt64 = 0x1616_0001
        for round in 0..<60 {
            var sample = Sample(seed: seed, round: round)
            let (inputs, outputs) = (1 + sample.random.below(300), 1 + sample.random.below(9))
            let scales = (sample.scale(), sample.scale() * 8, sample.scale())
            let weights = sample.values(outputs * inputs, below: 128)
            let reach = Int64(1) << Int64(10 + sample.random.below(36))
            let bias = (0..<outputs).map { _ in
                Int64(truncatingIfNeeded: sample.random.next()) % reach
            }
            let x = sample.values(inputs, below: sample.magnitude)
            let ratio = Double(scales.0) * Double(scales.1) / Double(scales.2)
            let (multiplier, exponent) = factor(ratio)
            let narrow = min((multiplier + 1 << 15) >> 16, 0x7FFF)
            for isDense in [false, true] {
                let expected = (0..<outputs).map { channel in
                    var sum = Int128(bias[channel])
                    for tap in 0..<inputs {
                        sum += Int128(weights[channel * inputs + tap] * x[tap])
                    }
                    return saturated(
                        isDense
                            ? halfAway(sum * multiplier, 31 - exponent)
                            : halfUp(sum * narrow, 15 - exponent)
                    )
                }
                let computed = try product(isDense, x, weights, bias, scales)
                #expect(computed == expected, "seed \(seed), round \(round), dense \(isDense)")
            }
        }
    }

    private func product(
        _ isDense: Bool,
        _ x: [Int],
        _ weights: [Int],
        _ bias: [Int64],
        _ scales: (Float, Float, Float)
    ) throws -> [Int] {
        var wide = Int16Graph()
        let outputs = bias.count
        let image = isDense ? [1] : [1, 1, 1]
        let source = wide.tensor(image + [x.count], scale: scales.0)
        let kernel = wide.tensor(
            isDense ? [outputs, x.count] : [outputs, 1, 1, x.count],
            scale: scales.1,
            type: .int8,
            constant: weights.map { UInt8(truncatingIfNeeded: $0) }
        )
        let target = wide.tensor(image + [outputs], scale: scales.2)
        let operation: Operator =
            isDense ? .fullyConnected(.none) : .convolution2D(Window2D(), .none)
        wide.node(operation, [source, kernel, wide.bias(bias)], target)
        wide.inputs([source])
        return Stored.int16s(try LoadedModel(wide.graph).infer([Stored.bytes(x)])[0])
    }

    @Test(
        "sums, differences and products of two tensors",
        arguments: [BinaryOperator.add, .subtract, .multiply, .maximum, .minimum]
    )
    func binary(kind: BinaryOperator) throws {
        let seed: UInt64 = 0x1616_0002
        for round in 0..<40 {
            var sample = Sample(seed: seed, round: round)
            let isShared = kind == .maximum || kind == .minimum
            let first = sample.scale()
            let (second, third) = isShared ? (first, first) : (sample.scale(), sample.scale())
            let count = 1 + sample.random.below(70)
            let a = sample.values(count, below: sample.magnitude)
            let b = sample.values(count, below: sample.magnitude)
            let expected = zip(a, b).map { a, b in
                switch kind {
                case .maximum: return max(a, b)
                case .minimum: return min(a, b)
                case .multiply:
                    return saturated(double(Int128(a * b), Double(first * second / third)))
                default:
                    let twice = 2 * max(Double(first), Double(second))
                    let left = double(Int128(a) << 15, Double(first) / twice)
                    let right = double(Int128(b) << 15, Double(second) / twice)
                    let sum = kind == .add ? left + right : left - right
                    return saturated(double(sum, twice / (0x1p15 * Double(third))))
                }
            }
            var wide = Int16Graph()
            let ids = [first, second, third].map { wide.tensor([count], scale: $0) }
            wide.node(.binary(kind, .none), [ids[0], ids[1]], ids[2])
            wide.inputs([ids[0], ids[1]])
            let inputs = [Stored.bytes(a), Stored.bytes(b)]
            let computed = Stored.int16s(try LoadedModel(wide.graph).infer(inputs)[0])
            #expect(computed == expected, "seed \(seed), round \(round)")
        }
    }

    @Test("an int8 producer and an int16 consumer and back: values survive the finer scale")
    func mixture() throws {
        var wide = Int16Graph()
        let narrow = (0..<2).map { _ in wide.tensor([256], scale: 0.5, type: .int8) }
        let fine = (0..<2).map { _ in wide.tensor([256], scale: 0.5 / 256) }
        wide.node(.requantize, [narrow[0]], fine[0])
        wide.node(.unary(.clamp(low: -20, high: .infinity)), [fine[0]], fine[1])
        wide.node(.requantize, [fine[1]], narrow[1])
        wide.inputs([narrow[0]])
        let input = (-128...127).map { UInt8(bitPattern: Int8($0)) }
        let expected = (-128...127).map { UInt8(bitPattern: Int8(max($0, -40))) }
        #expect(try LoadedModel(wide.graph).infer([input]) == [expected])
    }
}
