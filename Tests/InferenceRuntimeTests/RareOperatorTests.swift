import Testing

@testable import InferenceRuntime

/// One operator of `CKernelsRare.h` between tensors of six bytes, written by hand.
private struct RareProgram {
    var opcode: Opcode
    var program: [UInt8]
    var constants: [UInt8]

    private enum Index {
        static let a: UInt32 = 0
        static let b: UInt32 = 1
        static let indices: UInt32 = 2
        static let product: UInt32 = 4
        static let logarithm: UInt32 = 5
    }

    init(_ opcode: Opcode) {
        self.opcode = opcode
        let size =
            opcode == .lookupPair ? 65536 : opcode == .layerNormalization ? 24 : 0
        constants = [UInt8](repeating: 0, count: size)
        var writer = ProgramWriter(
            tier: .scalar,
            arenaSizeBytes: 512,
            arenaLowerBoundBytes: 64,
            weightsSizeBytes: 0,
            scalesSizeBytes: 0,
            constantsSizeBytes: UInt32(size)
        )
        writer.tensors = [
            Self.tensor([2, 3], 0, zero: 3), Self.tensor([2, 3], 64, zero: -4),
            Self.tensor([2], 128, zero: 0, type: .int32), Self.tensor([2, 3], 192, zero: 5),
            Self.tensor([2, 2], 256, zero: 5), Self.tensor([2, 3], 320, zero: 127),
        ]
        let output: UInt32 =
            opcode == .batchMatMul ? Index.product : opcode == .logSoftmax ? Index.logarithm : 3
        let hasOne = opcode == .logSoftmax || opcode == .layerNormalization
        let second = opcode == .gather ? Index.indices : Index.b
        writer.operators = [
            (
                OperatorRecord(
                    opcode: opcode.rawValue,
                    inputA: Index.a,
                    inputB: hasOne ? ProgramFormat.noTensor : second,
                    output: output,
                    constants: Block(sizeBytes: UInt32(size))
                ), Self.parameters(opcode)
            )
        ]
        writer.inputs = [PortRecord(tensor: 0, externalType: .int8, name: [])]
        writer.outputs = [PortRecord(tensor: output, externalType: .int8, name: [])]
        program = writer.bytes()
    }

    private static func tensor(
        _ shape: [UInt32],
        _ offset: UInt32,
        zero: Int32,
        type: ElementType = .int8
    ) -> TensorRecord {
        TensorRecord(
            type: type,
            place: .arena,
            offset: offset,
            sizeBytes: shape.reduce(1, *) * UInt32(type.sizeBytes),
            scaleBits: Float(0.5).bitPattern,
            zeroPoint: zero,
            shape: TensorShape(shape)
        )
    }

    private static let half = ScaleFactor(multiplier: 1 << 30, exponent: 0)

    private static func parameters(_ opcode: Opcode) -> OperatorParameters {
        switch opcode {
        case .batchMatMul:
            // The second matrix is read transposed.
            .matrices(
                batch: ([1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]),
                rows: 2,
                inner: 3,
                columns: 2,
                aStrides: (3, 1),
                bStrides: (1, 3),
                zeros: (3, -4, 5),
                half
            )
        case .gather: .gather(outer: 1, extent: 2, innerBytes: 3, count: 2, indexSize: 4)
        case .logSoftmax:
            .logSoftmax(
                rows: 2,
                depth: 3,
                ScaleFactor(multiplier: 1 << 30, exponent: 24),
                reverse: ScaleFactor(multiplier: 1 << 30, exponent: -23),
                differenceMin: -124
            )
        case .layerNormalization:
            .layerNormalization(
                rows: 2,
                depth: 3,
                outputZero: 5,
                varianceShift: 16,
                epsilon: 1 << 40,
                gainExponent: 20
            )
        default:
            .binary(
                extents: [1, 1, 1, 1, 1, 6],
                aStrides: [0, 0, 0, 0, 0, 1],
                bStrides: [0, 0, 0, 0, 0, 1],
                aZero: 3,
                bZero: -4,
                outputZero: 5,
                a: half,
                b: half,
                output: half,
                Clamp(),
                kind: 0,
                .double
            )
        }
    }

    /// Puts a word in the parameter block, or in the constants.
    mutating func set(word: Int, to value: Int32, inConstants: Bool = false) {
        let operatorStart =
            ProgramFormat.headerSizeBytes + 6 * ProgramFormat.tensorSizeBytes
            + ProgramFormat.parametersOffset
        let bits = UInt32(bitPattern: value)
        for byte in 0..<4 {
            let part = UInt8(truncatingIfNeeded: bits >> UInt32(8 * byte))
            if inConstants {
                constants[4 * word + byte] = part
            } else {
                program[operatorStart + 4 * word + byte] = part
            }
        }
    }

    /// Why the program is refused; `nil` when it is not.
    func fault() -> ProgramError? {
        var small = SmallProgram()
        (small.program, small.weights, small.scales) = (program, [], [])
        small.constants = constants
        do throws(ProgramError) {
            _ = try ProgramMemory(small).validated()
            return nil
        } catch {
            return error
        }
    }
}

@Suite("Rarer operators")
struct RareOperatorTests {
    struct Change: Sendable, CustomTestStringConvertible {
        var opcode: Opcode
        var word: Int
        var value: Int32
        var rule: OperatorRule
        var inConstants = false

        init(
            _ opcode: Opcode,
            _ word: Int,
            _ value: Int32,
            _ rule: OperatorRule,
            inConstants: Bool = false
        ) {
            self.opcode = opcode
            self.word = word
            self.value = value
            self.rule = rule
            self.inConstants = inConstants
        }

        var testDescription: String { "\(opcode) word \(word) = \(value)" }
    }

    static let opcodes: [Opcode] = [
        .prelu, .squaredDifference, .divide, .lookupPair, .moveSelected, .batchMatMul, .gather,
        .logSoftmax, .layerNormalization,
    ]

    @Test("the hand-written program is accepted", arguments: opcodes)
    func accepted(opcode: Opcode) {
        #expect(RareProgram(opcode).fault() == nil)
    }

    static let pairs: [Change] = [
        Change(.prelu, 5, 7, .shapeMatches), Change(.prelu, 11, 2, .accessWithinTensor),
        Change(.divide, 17, -1, .strideCanonical), Change(.divide, 18, 4, .zeroPointMatches),
        Change(.prelu, 19, 0, .zeroPointMatches), Change(.divide, 20, 0, .zeroPointMatches),
        Change(.prelu, 22, 31, .multiplierInRange), Change(.prelu, 23, -1, .multiplierInRange),
        Change(.squaredDifference, 22, 1, .multiplierInRange),
        Change(.squaredDifference, 24, 1, .multiplierInRange),
        Change(.divide, 26, 31, .multiplierInRange), Change(.divide, 27, -129, .clampInRange),
        Change(.divide, 28, 128, .clampInRange), Change(.moveSelected, 29, 1, .parameterInRange),
        Change(.lookupPair, 30, 1, .roundingKnown),
    ]
    static let matrices: [Change] = [
        Change(.batchMatMul, 0, 0, .parameterInRange), Change(.batchMatMul, 3, 5, .shapeMatches),
        Change(.batchMatMul, 4, 1, .strideCanonical), Change(.batchMatMul, 12, 3, .shapeMatches),
        Change(.batchMatMul, 12, 0, .parameterInRange),
        Change(.batchMatMul, 13, 0, .accumulatorFits),
        Change(.batchMatMul, 13, (1 << 15) + 1, .accumulatorFits),
        Change(.batchMatMul, 14, .max, .shapeMatches),
        Change(.batchMatMul, 15, 4, .accessWithinTensor),
        Change(.batchMatMul, 16, -1, .strideCanonical),
        Change(.batchMatMul, 18, .max, .accessWithinTensor),
        Change(.batchMatMul, 19, 0, .zeroPointMatches),
        Change(.batchMatMul, 20, 0, .zeroPointMatches),
        Change(.batchMatMul, 23, 31, .multiplierInRange),
        Change(.batchMatMul, 24, 128, .clampInRange), Change(.gather, 0, 2, .shapeMatches),
        Change(.gather, 1, 3, .shapeMatches), Change(.gather, 2, 2, .shapeMatches),
        Change(.gather, 3, 3, .shapeMatches), Change(.gather, 4, 8, .parameterInRange),
    ]
    static let rows: [Change] = [
        Change(.logSoftmax, 0, 1, .shapeMatches), Change(.logSoftmax, 1, 4, .shapeMatches),
        Change(.logSoftmax, 3, -1, .multiplierInRange),
        Change(.logSoftmax, 5, 1, .multiplierInRange),
        Change(.logSoftmax, 6, 1, .parameterInRange),
        Change(.logSoftmax, 6, .min, .parameterInRange),
        Change(.layerNormalization, 0, 3, .shapeMatches),
        Change(.layerNormalization, 2, 4, .zeroPointMatches),
        Change(.layerNormalization, 3, 15, .parameterInRange),
        Change(.layerNormalization, 3, 18, .parameterInRange),
        Change(.layerNormalization, 5, 1 << 29, .parameterInRange),
        Change(.layerNormalization, 5, -1, .parameterInRange),
        Change(.layerNormalization, 6, 31, .parameterInRange),
        Change(.layerNormalization, 0, (1 << 30) + 1, .biasInRange, inConstants: true),
        Change(.layerNormalization, 2, .min, .biasInRange, inConstants: true),
        Change(.layerNormalization, 3, .min, .biasInRange, inConstants: true),
    ]

    @Test("a wrong word is refused by its rule", arguments: pairs + matrices + rows)
    func refused(change: Change) {
        var program = RareProgram(change.opcode)
        program.set(word: change.word, to: change.value, inConstants: change.inConstants)
        guard
            case .operatorInvalid(0, change.opcode.rawValue, let rule, _)? = program.fault()
        else {
            Issue.record("\(String(describing: program.fault()))")
            return
        }
        #expect(rule == change.rule)
    }

    @Test(
        "a block of the wrong size is refused",
        arguments: [Opcode.lookupPair, .layerNormalization]
    )
    func block(opcode: Opcode) {
        var program = RareProgram(opcode)
        // The size of the constants block lies at byte 36 of the record.
        program.set(word: (36 - ProgramFormat.parametersOffset) / 4, to: 8)
        guard case .operatorInvalid(0, _, .blockSize, value: 8)? = program.fault() else {
            Issue.record("\(String(describing: program.fault()))")
            return
        }
    }

    @Test("a word beyond a parameter block is zero", arguments: opcodes)
    func reserved(opcode: Opcode) {
        var program = RareProgram(opcode)
        program.set(word: 47, to: 1)
        guard case .reservedNotZero? = program.fault() else {
            Issue.record("\(String(describing: program.fault()))")
            return
        }
    }
}
