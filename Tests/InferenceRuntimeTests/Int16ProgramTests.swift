import Testing

@testable import InferenceRuntime

@Suite("Programs of int16")
struct Int16ProgramTests {
    private static let half = ScaleFactor(multiplier: 1 << 30, exponent: 0)
    private static let tableBytes = 1026

    private static func softmax(
        depth: Int32 = 4,
        differenceMin: Int32 = 0,
        constants: Int = 2 * tableBytes
    ) -> Int16Program {
        .function(
            .softmaxInt16,
            .softmax(rows: 4 / depth, depth: depth, half, differenceMin: differenceMin),
            constants: constants
        )
    }

    private static func sigmoid(
        multiplier: Int32 = 3,
        shift: Int32 = 0,
        count: Int32 = 4,
        constants: Int = 512
    ) -> Int16Program {
        .function(
            .sigmoidInt16,
            .sigmoid(count: count, multiplier: multiplier, shift: shift, isTanh: false),
            constants: constants
        )
    }

    @Test("the programs that the tests below change are valid")
    func valid() {
        #expect(Int16Program.product().fault() == nil)
        #expect(Int16Program.product(isDense: true).fault() == nil)
        #expect(Int16Program.rescale().fault() == nil)
        #expect(Self.softmax().fault() == nil)
        #expect(Self.sigmoid().fault() == nil)
        let lookup = Int16Program.function(
            .lookupInt16,
            .lookup(count: 4),
            constants: Self.tableBytes
        )
        #expect(lookup.fault() == nil)
    }

    @Test("an int16 tensor has the zero point 0")
    func zeroPoint() {
        var program = Int16Program.rescale()
        program.tensors[0].zeroPoint = 1
        // A rule of tensors: no operator is looked at.
        #expect(program.fault() == .opcodeKnown)
        #expect(Int16Program.rescale(zero: 1).fault() == .zeroPointMatches)
    }

    @Test("a product takes int16, gives int16 and rounds as its kind does")
    func products() {
        for isDense in [false, true] {
            for index in 0..<2 {
                var program = Int16Program.product(isDense: isDense)
                program.tensors[index].type = .int8
                program.tensors[index].sizeBytes /= 2
                #expect(program.fault() == .elementType)
            }
            let wrong: [Rounding] = [.double, .halfUp, isDense ? .narrow : .halfAway]
            for rounding in wrong {
                let program = Int16Program.product(isDense: isDense, rounding: rounding)
                #expect(program.fault() == .roundingKnown)
            }
        }
    }

    @Test("a bias lies within 2^46 on either side", arguments: [0, 1], [1, -1] as [Int64])
    func bias(channel: Int, sign: Int64) {
        func program(_ bias: Int64) -> Int16Program {
            var program = Int16Program.product()
            for byte in 0..<8 {
                program.constants[8 * channel + byte] = UInt8(
                    truncatingIfNeeded: bias >> (8 * byte)
                )
            }
            return program
        }
        #expect(program(sign << 46).fault() == nil)
        #expect(program((sign << 46) + sign).fault() == .biasInRange)
        #expect(program(sign < 0 ? .min : .max).fault() == .biasInRange)
    }

    @Test("a factor's exponent lies in -31...7", arguments: [(-31, true), (7, true), (8, false)])
    func exponent(exponent: Int32, isValid: Bool) {
        for isDense in [false, true] {
            var program = Int16Program.product(isDense: isDense)
            program.scales[3] = exponent
            #expect(program.fault() == (isValid ? nil : .multiplierInRange))
            program.scales[2] = -1
            #expect(program.fault() == .multiplierInRange)
        }
    }

    @Test("a bias of 4 bytes a channel is no bias of int16")
    func biasSize() {
        var program = Int16Program.product()
        program.record.constants.sizeBytes = 8
        program.constants.removeLast(8)
        #expect(program.fault() == .blockSize)
    }

    @Test("softmax has two tables of 513 entries and a row of at most 2^15")
    func softmax() {
        #expect(Self.softmax(constants: 2 * Self.tableBytes - 2).fault() == .blockSize)
        #expect(Self.softmax(constants: 0).fault() == .blockSize)
        #expect(Self.softmax(differenceMin: -1).fault() == .parameterInRange)
        for (depth, rule) in [(32768, nil), (32769, .accumulatorFits)] as [(UInt32, OperatorRule?)]
        {
            var long = Self.softmax()
            long.arenaSizeBytes = 1 << 18
            long.tensors = [0, 1 << 17].map { Int16Program.tensor([depth], $0) }
            long.parameters = .softmax(rows: 1, depth: Int32(depth), Self.half, differenceMin: 0)
            #expect(long.fault() == rule)
        }
    }

    @Test("logistic has 256 entries, a multiplier of at least 0 and a shift of at most 31")
    func sigmoid() {
        #expect(Self.sigmoid(constants: 510).fault() == .blockSize)
        #expect(Self.sigmoid(multiplier: -1).fault() == .multiplierInRange)
        #expect(Self.sigmoid(multiplier: .max, shift: 31).fault() == nil)
        #expect(Self.sigmoid(shift: 32).fault() == .parameterInRange)
        #expect(Self.sigmoid(count: 5).fault() == .shapeMatches)
    }

    @Test("a change of scale has the sizes of its tensors and bounds of its output")
    func rescale() {
        #expect(Int16Program.rescale(inputSize: 1).fault() == .parameterInRange)
        #expect(Int16Program.rescale(outputSize: 2).fault() == .parameterInRange)
        #expect(Int16Program.rescale(high: 128).fault() == .clampInRange)
        #expect(Int16Program.rescale(exponent: 31).fault() == .multiplierInRange)
        var program = Int16Program.rescale()
        program.tensors[0] = Int16Program.tensor([4], 0, .int32)
        #expect(program.fault() == .elementType)
        // Of different widths, the output is never its input's memory.
        program = Int16Program.rescale()
        program.tensors[1].offset = 0
        #expect(program.fault() == .noOverlap)
    }
}
