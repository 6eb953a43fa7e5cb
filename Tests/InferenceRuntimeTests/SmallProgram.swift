@testable import InferenceRuntime

/// A program of a convolution, an in-place addition of a constant, a softmax, a copy and a
/// bilinear resize, written by hand, and memory to run it in.
struct SmallProgram {
    var program: [UInt8]
    var weights: [UInt8]
    var scales: [UInt8]
    var constants: [UInt8]

    static let arenaSize: UInt32 = 512

    /// Places of blocks in the constants section.
    private enum Place {
        static let bias: UInt32 = 0
        static let addend: UInt32 = 64
        static let taps: UInt32 = 128
    }

    init() {
        weights = (0..<4).map { UInt8(bitPattern: Int8($0 * 30 - 50)) }
        scales = []
        for exponent: Int32 in [-1, -2] {
            scales.append(word: 1 << 30)
            scales.append(word: UInt32(bitPattern: exponent))
        }
        constants = []
        for bias: Int32 in [100, -200] { constants.append(word: UInt32(bitPattern: bias)) }
        constants.padToRecord(of: 64, from: 0)
        constants += [5, 250]
        constants.padToRecord(of: 128, from: 0)
        let rows: [Int32] = [0, 0, 0, 0, 1, 512, 1, 1, 0, 1, 1, 512]
        for entry in rows + rows { constants.append(word: UInt32(bitPattern: entry)) }
        program = Self.writer(constantsSize: UInt32(constants.count)).bytes()
    }

    private static func tensor(
        _ shape: [UInt32],
        _ offset: UInt32,
        place: TensorPlace = .arena,
        zeroPoint: Int32 = 0
    ) -> TensorRecord {
        TensorRecord(
            type: .int8,
            place: place,
            offset: offset,
            sizeBytes: shape.reduce(1, *),
            scaleBits: Float(0.5).bitPattern,
            zeroPoint: zeroPoint,
            shape: TensorShape(shape)
        )
    }

    static func writer(constantsSize: UInt32) -> ProgramWriter {
        var writer = ProgramWriter(
            tier: .scalar,
            arenaSizeBytes: arenaSize,
            arenaLowerBoundBytes: 128,
            weightsSizeBytes: 4,
            scalesSizeBytes: 16,
            constantsSizeBytes: constantsSize
        )
        writer.tensors = [
            tensor([1, 2, 2, 2], 0, zeroPoint: 3),
            tensor([1, 2, 2, 2], 64, zeroPoint: -4),
            tensor([2], Place.addend, place: .constants, zeroPoint: 1),
            tensor([1, 2, 2, 2], 128, zeroPoint: -128),
            tensor([1, 2, 2, 2], 192, zeroPoint: -128),
            tensor([1, 4, 4, 2], 256, zeroPoint: -128),
        ]
        writer.operators = [convolution, addition, softmax, copy, resize]
        writer.inputs = [PortRecord(tensor: 0, externalType: .int8, name: Array("in".utf8))]
        writer.outputs = [PortRecord(tensor: 5, externalType: .float32, name: Array("out".utf8))]
        return writer
    }

    private typealias Entry = (record: OperatorRecord, parameters: OperatorParameters)
    private static let image = ImageShape(batches: 1, height: 2, width: 2, channels: 2)

    private static var convolution: Entry {
        (
            OperatorRecord(
                opcode: Opcode.convolution2D.rawValue,
                inputA: 0,
                output: 1,
                weights: Block(sizeBytes: 4),
                scales: Block(sizeBytes: 16),
                constants: Block(offset: Place.bias, sizeBytes: 8)
            ),
            .window(
                input: image,
                output: image,
                WindowGeometry(
                    kernel: (1, 1),
                    stride: (1, 1),
                    dilation: (1, 1),
                    padding: (0, 0, 0, 0)
                ),
                groups: 1,
                depthMultiplier: 1,
                ZeroPoints(input: 3, weight: 0, output: -4),
                Clamp(),
                .double
            )
        )
    }

    private static var addition: Entry {
        let half = ScaleFactor(multiplier: 1 << 30, exponent: 0)
        return (
            OperatorRecord(
                opcode: Opcode.add.rawValue,
                inputA: 1,
                inputB: 2,
                output: 1
            ),
            .binary(
                extents: [1, 1, 1, 1, 4, 2],
                aStrides: [0, 0, 0, 0, 2, 1],
                bStrides: [0, 0, 0, 0, 0, 1],
                aZero: -4,
                bZero: 1,
                outputZero: -4,
                a: half,
                b: half,
                output: ScaleFactor(multiplier: 1 << 30, exponent: -18),
                Clamp(),
                kind: 0,
                .double
            )
        )
    }

    private static var softmax: Entry {
        (
            OperatorRecord(opcode: Opcode.softmax.rawValue, inputA: 1, output: 3),
            .softmax(
                rows: 4,
                depth: 2,
                ScaleFactor(multiplier: 1 << 30, exponent: 24),
                differenceMin: -124
            )
        )
    }

    /// Swaps rows and columns.
    private static var copy: Entry {
        (
            OperatorRecord(opcode: Opcode.copy.rawValue, inputA: 3, output: 4),
            .copy(
                extents: [1, 1, 1, 2, 2, 2],
                sourceStrides: [0, 0, 0, 2, 4, 1],
                targetStrides: [0, 0, 0, 4, 2, 1],
                sourceOffset: 0,
                targetOffset: 0,
                elementSize: 1
            )
        )
    }

    private static var resize: Entry {
        (
            OperatorRecord(
                opcode: Opcode.resizeBilinear.rawValue,
                inputA: 4,
                output: 5,
                constants: Block(offset: Place.taps, sizeBytes: 96)
            ),
            .resize(input: image, outputHeight: 4, outputWidth: 4)
        )
    }
}

/// Aligned copies of a program's sections and a guarded arena.
final class ProgramMemory {
    private let sections: [UnsafeMutableRawBufferPointer]
    private let arena: UnsafeMutableRawBufferPointer
    private static let guardSize = 1 << 12

    init(_ small: SmallProgram, arenaSize: Int = Int(SmallProgram.arenaSize)) {
        sections = [small.program, small.weights, small.scales, small.constants].map { bytes in
            let memory = UnsafeMutableRawBufferPointer.allocate(
                byteCount: bytes.count,
                alignment: 64
            )
            memory.copyBytes(from: bytes)
            return memory
        }
        arena = .allocate(byteCount: arenaSize + 2 * Self.guardSize, alignment: 64)
        arena.initializeMemory(as: UInt8.self, repeating: 0xA5)
    }

    deinit {
        for section in sections { section.deallocate() }
        arena.deallocate()
    }

    func validated() throws(ProgramError) -> Program {
        try Program(
            validating: ProgramSections(
                program: UnsafeRawBufferPointer(sections[0]),
                weights: UnsafeRawBufferPointer(sections[1]),
                scales: UnsafeRawBufferPointer(sections[2]),
                constants: UnsafeRawBufferPointer(sections[3])
            )
        )
    }

    /// The first output for one input; `nil` if a guard byte around the arena has changed.
    func infer(_ program: Program, _ input: [UInt8]) throws(ProgramError) -> [UInt8]? {
        let inner = UnsafeMutableRawBufferPointer(
            rebasing: arena[Self.guardSize..<arena.count - Self.guardSize]
        )
        var executor = try Executor(program: program, arena: inner)
        let buffer = executor.inputBuffer(0)
        buffer.copyBytes(from: input.prefix(buffer.count))
        executor.infer()
        let borders = [arena[..<Self.guardSize], arena[(arena.count - Self.guardSize)...]]
        guard borders.allSatisfy({ $0.allSatisfy { $0 == 0xA5 } }) else { return nil }
        return Array(executor.outputBuffer(0))
    }
}
